//! What a takeover found and did: numbers by table, and remarks by row. A remark names a row by its id and says one
//! of a fixed set of sentences; what is in the row is never shown.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use uuid::Uuid;

/// Remarks that are listed one by one; of more, only how many there are is told.
pub const REMARKS_MAX: usize = 10_000;

/// A table of the older server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Table {
    /// Roles, with what they allow.
    Roles,
    /// Accounts.
    Users,
    /// Channels.
    Channels,
    /// Memberships.
    Members,
    /// Messages.
    Messages,
    /// Reactions.
    Reactions,
    /// The audit log.
    Audit,
    /// Sign-ins; never taken.
    Sessions,
    /// Requests for a new password; never taken.
    Resets,
}

impl Table {
    /// Every table, in the order in which it is taken over.
    pub const ALL: [Self; 9] = [
        Self::Roles,
        Self::Users,
        Self::Channels,
        Self::Members,
        Self::Messages,
        Self::Reactions,
        Self::Audit,
        Self::Sessions,
        Self::Resets,
    ];

    /// Its name in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Roles => "roles",
            Self::Users => "users",
            Self::Channels => "channels",
            Self::Members => "members",
            Self::Messages => "messages",
            Self::Reactions => "reactions",
            Self::Audit => "audit",
            Self::Sessions => "sessions",
            Self::Resets => "resets",
        }
    }
}

/// Rows of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Count {
    /// In the older database.
    pub source: i64,
    /// Taken over.
    pub taken: i64,
    /// Left out, each with a remark; sessions and requests without.
    pub left: i64,
}

/// Something about one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remark {
    /// Where it stands.
    pub table: Table,
    /// Which one.
    pub id: String,
    /// What is so.
    pub what: &'static str,
}

/// The whole report.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Nothing was written.
    pub dry_run: bool,
    /// An earlier attempt was continued.
    pub resumed: bool,
    /// Rows by table.
    pub tables: BTreeMap<Table, Count>,
    /// Remarks by row, the first `REMARKS_MAX`.
    pub remarks: Vec<Remark>,
    /// How often each remark was made.
    pub totals: BTreeMap<&'static str, i64>,
    /// Sealed messages that neither the key nor any layout opens.
    pub unopened: i64,
}

impl Report {
    /// With what the source has.
    pub(super) fn of(counts: &[i64; 9]) -> Self {
        let count = |source: &i64| Count { source: *source, ..Count::default() };
        let mut tables: BTreeMap<Table, Count> = Table::ALL.into_iter().zip(counts.iter().map(count)).collect();
        for dropped in [Table::Sessions, Table::Resets] {
            if let Some(count) = tables.get_mut(&dropped) {
                count.left = count.source;
            }
        }
        Self { tables, ..Self::default() }
    }

    pub(super) fn taken(&mut self, table: Table) {
        self.tables.entry(table).or_default().taken += 1;
    }

    pub(super) fn left(&mut self, table: Table, id: Uuid, what: &'static str) {
        self.tables.entry(table).or_default().left += 1;
        self.remark(table, id, what);
    }

    pub(super) fn remark(&mut self, table: Table, id: Uuid, what: &'static str) {
        *self.totals.entry(what).or_default() += 1;
        if self.remarks.len() < REMARKS_MAX {
            self.remarks.push(Remark { table, id: id.to_string(), what });
        }
    }

    /// The numbers of `table`.
    pub fn count(&self, table: Table) -> Count {
        self.tables.get(&table).copied().unwrap_or_default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<10} {:>12} {:>12} {:>12}", "", "source", "taken over", "left out")?;
        for (table, count) in &self.tables {
            writeln!(f, "{:<10} {:>12} {:>12} {:>12}", table.name(), count.source, count.taken, count.left)?;
        }
        if !self.totals.is_empty() {
            writeln!(f, "\nRemarks:")?;
        }
        for (what, times) in &self.totals {
            writeln!(f, "  {times} × {what}")?;
        }
        if !self.remarks.is_empty() {
            writeln!(f, "\nBy row:")?;
        }
        for remark in &self.remarks {
            writeln!(f, "  {} {}: {}", remark.table.name(), remark.id, remark.what)?;
        }
        let listed = i64::try_from(self.remarks.len()).unwrap_or(i64::MAX);
        let all: i64 = self.totals.values().sum();
        if all > listed {
            writeln!(f, "  and {} more", all - listed)?;
        }
        Ok(())
    }
}
