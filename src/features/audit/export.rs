//! Taking the log away, as a table or line by line. It is made in slices as it is fetched, so that it takes no memory
//! that grows with it, and each slice asks anew whether whoever fetches it still may.

use super::deeds::AuditDeed;
use super::model::Filter;
use super::rows::{self, Stretch};
use crate::error::{Context, Error, Result};
use crate::gate::Cx;
use crate::wire::audit::Entry;

/// Numbers that one slice goes through.
const SLICE: i64 = 2_000;
/// The first line of a table.
const HEAD: &str = "number,timestamp,userId,username,action,details,ipAddress,userAgent,id\r\n";

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, for a spreadsheet.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

impl Format {
    /// `csv` (when nothing is said) or `jsonl`.
    pub fn parse(text: Option<&str>) -> Result<Self> {
        match text {
            None | Some("csv") => Ok(Self::Csv),
            Some("jsonl") => Ok(Self::JsonLines),
            Some(_) => Err(Error::field("format", "must be csv or jsonl")),
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }
}

/// A log on its way out, oldest row first, up to the row that says that it was taken.
pub struct Export {
    cx: Cx,
    filter: Filter,
    format: Format,
    begun: bool,
    at: i64,
    head: i64,
}

/// Begins to take the log away, which is recorded before the first row is given.
pub async fn export(cx: &Cx, filter: Filter, format: Format) -> Result<Export> {
    let Filter { user, action, thing, kind, from, to, ip } = &filter;
    let filtered = user.is_some() || thing.is_some() || from.is_some() || to.is_some() || ip.is_some();
    let filtered = filtered || action.is_some() || kind.is_some();
    cx.act(AuditDeed::Export { format, filtered }, |_| Ok(())).await?;
    let head = cx.view(AuditDeed::ExportSlice, rows::head).await?;
    Ok(Export { cx: cx.clone(), filter, format, begun: false, at: 0, head })
}

impl Export {
    /// The next bytes; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        if !self.begun {
            self.begun = true;
            if self.format == Format::Csv {
                bytes.extend_from_slice(HEAD.as_bytes());
            }
        }
        while bytes.is_empty() && self.at < self.head {
            let (filter, floor) = (self.filter.clone(), self.at);
            let top = floor.saturating_add(SLICE).min(self.head);
            let stretch = Stretch { floor, top, limit: u32::MAX, back: true };
            let rows = self.cx.view(AuditDeed::ExportSlice, move |look| rows::list(look, &filter, stretch)).await?;
            for entry in rows.iter().rev() {
                match self.format {
                    Format::Csv => line(entry, &mut bytes),
                    Format::JsonLines => {
                        serde_json::to_writer(&mut bytes, entry).context("encoding an audit entry")?;
                        bytes.push(b'\n');
                    }
                }
            }
            self.at = top;
        }
        Ok((!bytes.is_empty()).then_some(bytes))
    }
}

fn line(entry: &Entry, bytes: &mut Vec<u8>) {
    let text = |value: Option<&dyn std::fmt::Display>| value.map(ToString::to_string).unwrap_or_default();
    let cells = [
        entry.number.to_string(),
        entry.timestamp.to_string(),
        text(entry.user_id.as_ref().map(|id| id as &dyn std::fmt::Display)),
        entry.username.clone().unwrap_or_default(),
        entry.action.clone(),
        entry.details.to_string(),
        entry.ip_address.clone().unwrap_or_default(),
        entry.user_agent.clone().unwrap_or_default(),
        entry.id.to_string(),
    ];
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    bytes.extend_from_slice(cells.join(",").as_bytes());
    bytes.extend_from_slice(b"\r\n");
}

/// One cell of a table. What a spreadsheet would take for a formula gets a quotation mark in front, because names and
/// what clients call themselves come from outside (OWASP, CSV injection).
fn cell(text: &str) -> String {
    let formula = text
        .trim_start_matches(' ')
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    let safe = if formula { format!("'{text}") } else { text.to_owned() };
    if safe.contains(['"', ',', '\r', '\n', '\'']) || safe != safe.trim() {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_never_two_cells() {
        for (text, shown) in [
            ("alice", "alice"),
            ("", ""),
            ("=1+1", "\"'=1+1\""),
            ("+41", "\"'+41\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("  =1", "\"'  =1\""),
            ("\tx", "\"'\tx\""),
            ("\u{ff1d}1", "\"'\u{ff1d}1\""),
            ("a,b", "\"a,b\""),
            ("say \"a\"", "\"say \"\"a\"\"\""),
            ("a\r\nb", "\"a\r\nb\""),
        ] {
            assert_eq!(cell(text), shown, "{text:?}");
        }
    }

    #[test]
    fn a_format_is_one_of_two() {
        assert_eq!(Format::parse(None).unwrap(), Format::Csv);
        assert_eq!(Format::parse(Some("jsonl")).unwrap(), Format::JsonLines);
        assert!(Format::parse(Some("xml")).is_err());
    }
}
