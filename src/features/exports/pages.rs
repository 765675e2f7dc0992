//! What people read: pages that need no server, no script and nothing from elsewhere, in light, in dark and on paper.

use std::fmt::Write as _;

use crate::wire::audit::Entry;
use crate::wire::messages::Message;

const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
    <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<style>\n\
    :root { color-scheme: light dark; }\n\
    body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }\n\
    article { border-top: 1px solid #8888; padding: .5rem 0; break-inside: avoid; }\n\
    header { display: flex; gap: 1rem; flex-wrap: wrap; } time, .note { opacity: .75; }\n\
    p { white-space: pre-wrap; overflow-wrap: anywhere; margin: .25rem 0; }\n\
    td, th { text-align: start; vertical-align: top; padding: .25rem .75rem .25rem 0; overflow-wrap: anywhere; }\n\
    @media print { body { margin: 0; max-width: none; } nav { display: none; } }\n</style>\n";

/// Text that stands for itself in HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // What would turn the direction of the page around it is shown as what it is.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                let _ = write!(out, "[U+{:04X}]", u32::from(c));
            }
            other => out.push(other),
        }
    }
    out
}

/// The name of page `n`, from 1.
pub(super) fn name(n: usize) -> String {
    format!("pages/{n:05}.html")
}

fn begun(title: &str, n: usize) -> String {
    let title = escaped(title);
    let mut page = format!("{HEAD}<title>{title}</title>\n<nav><a href=\"../index.html\">All pages</a>");
    if n > 1 {
        let _ = write!(page, " · <a href=\"{:05}.html\">Earlier</a>", n - 1);
    }
    let _ = write!(page, " · page {n}</nav>\n<h1>{title}</h1>\n");
    page
}

/// A page of messages.
pub(super) fn messages(title: &str, n: usize, messages: &[Message]) -> String {
    let mut page = begun(title, n);
    for message in messages {
        let marks = match (message.contains_phi, message.edited_at.is_some()) {
            (true, true) => "patient details · edited",
            (true, false) => "patient details",
            (false, true) => "edited",
            (false, false) => "",
        };
        let text = match &message.text {
            _ if message.deleted => "<p class=\"note\">(deleted)</p>".to_owned(),
            None => "<p class=\"note\">(patient details are withheld)</p>".to_owned(),
            Some(text) => format!("<p>{}</p>", escaped(text)),
        };
        let (sender, at) = (escaped(&message.sender), message.timestamp);
        let _ = writeln!(
            page,
            "<article><header><strong>{sender}</strong> <time>{at}</time> <span class=\"note\">{marks}</span></header>\
             {text}</article>"
        );
    }
    page
}

/// A page of the audit log.
pub(super) fn entries(title: &str, n: usize, entries: &[Entry]) -> String {
    let mut page = begun(title, n);
    page.push_str("<table>\n<tr><th>No.<th>When<th>Who<th>What<th>About<th>From\n");
    for entry in entries {
        let _ = writeln!(
            page,
            "<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}",
            entry.number,
            entry.timestamp,
            escaped(entry.username.as_deref().unwrap_or("")),
            escaped(&entry.action),
            escaped(&entry.details.to_string()),
            escaped(entry.ip_address.as_deref().unwrap_or("")),
        );
    }
    page.push_str("</table>\n");
    page
}

/// The first page: what this is, and the way to the others.
pub(super) fn index(title: &str, about: &str, pages: usize) -> String {
    let title = escaped(title);
    let mut page = format!("{HEAD}<title>{title}</title>\n<h1>{title}</h1>\n<p>{}</p>\n<ol>\n", escaped(about));
    for n in 1..=pages {
        let _ = writeln!(page, "<li><a href=\"{}\">Page {n}</a>", name(n));
    }
    page.push_str("</ol>\n");
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_written_becomes_markup() {
        let nasty = "<script>alert(1)</script> & \"x\" 'y' \u{202e}txt";
        let page = index(nasty, nasty, 1);
        assert!(!page.contains("<script") && !page.contains('\u{202e}'), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot; &#39;y&#39; [U+202E]txt"));
    }
}
