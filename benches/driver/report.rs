//! What came out: medians over passes, ratios within a pass, goals, as one Markdown table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::server::Kind;

/// What a figure of ours must be. Ratios are taken within a pass and then the median of them.
#[derive(Clone, Copy)]
pub enum Goal {
    /// At least so many times the baseline's.
    Times(f64, Kind),
    /// At most so many times the baseline's.
    WithinTimes(f64, Kind),
    /// At most.
    Within(f64),
}

/// One line of the table.
pub struct Line {
    pub name: &'static str,
    decimals: usize,
    goals: &'static [Goal],
}

const fn line(name: &'static str, decimals: usize, goals: &'static [Goal]) -> Line {
    Line { name, decimals, goals }
}

/// Every figure that can be taken, in the order of the table. The goals are those of the product's goals page that
/// are set against these two baselines or stand alone.
pub const LINES: &[Line] = &[
    line("P1 acked/s", 0, &[Goal::Times(0.8, Kind::Durable)]),
    line("P1 deliveries/s", 0, &[]),
    line("P1 ack p50, ms", 2, &[]),
    line("P1 ack p99, ms", 2, &[Goal::WithinTimes(1.2, Kind::Durable)]),
    line("P1 last copy p50, ms", 2, &[]),
    line("P1 last copy p99, ms", 2, &[]),
    line("P1 server CPU s per 10,000 deliveries", 4, &[Goal::Within(0.04)]),
    line("P1 memory under load, MiB", 1, &[Goal::Within(32.0)]),
    line("P1 forced writes per ack (traced)", 3, &[Goal::Within(0.1)]),
    line("P1 one sender alone: ack p50, ms", 3, &[]),
    line("P1 one sender alone: ack p50 / one forced append", 2, &[Goal::Within(2.0)]),
    line("P2 1 sender: deliveries/s", 0, &[]),
    line("P2 1 sender: delivery p99, ms", 2, &[]),
    line("P2 5 senders: deliveries/s", 0, &[Goal::Times(0.9, Kind::Durable)]),
    line("P2 5 senders: delivery p99, ms", 2, &[Goal::WithinTimes(1.2, Kind::Durable)]),
    line("P2 5 senders: server CPU s per 10,000 deliveries", 4, &[]),
    line("P3 memory per idle connection, KiB", 1, &[Goal::Within(15.0)]),
    line("P3 memory with all connected, MiB", 1, &[]),
    line("P3 connections let in per s", 0, &[]),
    line("P4 all back with tokens, s", 3, &[Goal::WithinTimes(1.6, Kind::Raw)]),
    line("P4 errors", 0, &[Goal::Within(0.0)]),
    line("P4 server CPU ms per client", 3, &[]),
    line("P4b all back with passwords, s", 2, &[]),
    line("P4b the same / (clients × hash time / cores)", 2, &[Goal::Within(1.1)]),
    line("P4b errors", 0, &[Goal::Within(0.0)]),
    line("P4b ack p99 of P1 before it, ms", 2, &[]),
    line("P4b ack p99 of P1 meanwhile / before", 2, &[Goal::Within(3.0)]),
    line("P5 page of 50, p50, ms", 3, &[Goal::Within(0.4)]),
    line("P5 page of 50, p99, ms", 3, &[Goal::Within(1.5)]),
    line("P6 frequent word, newest 50, p50, ms", 2, &[]),
    line("P6 frequent word, newest 50, p99, ms", 2, &[Goal::Within(5.0)]),
    line("P6 rare word, p50, ms", 1, &[Goal::Within(350.0)]),
    line("P6 rare word, p99, ms", 1, &[]),
    line("P6 absent word, p50, ms", 1, &[Goal::Within(350.0)]),
    line("P6 absent word, p99, ms", 1, &[]),
    line("P6 ack p99 without searches, ms", 2, &[]),
    line("P6 ack p99 of sends meanwhile / before", 2, &[Goal::Within(1.5)]),
    line("P7 first start ever to first answer, ms", 1, &[]),
    line("P7 start to first answer, empty, ms", 1, &[]),
    line("P7 start to first answer, filled, ms", 1, &[Goal::Within(40.0)]),
    line("P8 idle memory, MiB", 1, &[Goal::Within(16.0)]),
    line("P8 size of the executable, MB", 1, &[Goal::Within(25.0)]),
];

/// Everything noted in this run.
#[derive(Default)]
pub struct Report {
    values: BTreeMap<(usize, Kind), Vec<(usize, f64)>>,
    disk: Vec<f64>,
    other_cores: Vec<f64>,
    client_cores: Vec<f64>,
    faults: Vec<String>,
}

impl Report {
    /// Notes a figure. `name` is one of [`LINES`].
    pub fn note(&mut self, pass: usize, kind: Kind, name: &str, value: f64) {
        if let Some(place) = LINES.iter().position(|line| line.name == name) {
            eprintln!("  {pass}: {:<10} {name} = {value:.*}", kind.name(), LINES[place].decimals);
            self.values.entry((place, kind)).or_default().push((pass, value));
        } else {
            self.fault(format!("a figure without a line: {name} = {value}"));
        }
    }

    /// Notes the disk's own rate, forced writes a second.
    pub fn disk(&mut self, rate: f64) {
        eprintln!("  disk probe: {rate:.0} forced 4 KiB overwrites/s");
        self.disk.push(rate);
    }

    /// Notes how busy the driver and the rest of the machine were, in cores.
    pub fn cores(&mut self, client: f64, other: f64) {
        self.client_cores.push(client);
        self.other_cores.push(other);
    }

    /// Notes something that must not happen.
    pub fn fault(&mut self, what: String) {
        eprintln!("  FAULT: {what}");
        self.faults.push(what);
    }

    /// Whether every check held.
    pub fn sound(&self) -> bool {
        self.faults.is_empty()
    }

    fn median(&self, place: usize, kind: Kind) -> Option<f64> {
        median(self.values.get(&(place, kind))?.iter().map(|(_, value)| *value).collect())
    }

    /// The median over passes of one server's figure divided by another's of the same pass.
    fn ratio(&self, place: usize, kind: Kind, base: Kind) -> Option<f64> {
        let base = self.values.get(&(place, base))?;
        let ratios = self
            .values
            .get(&(place, kind))?
            .iter()
            .filter_map(|(pass, value)| base.iter().find(|(other, _)| other == pass).map(|(_, base)| value / base));
        median(ratios.filter(|ratio| ratio.is_finite()).collect())
    }

    fn holds(&self, place: usize, goal: Goal) -> Option<bool> {
        Some(match goal {
            Goal::Times(times, base) => self.ratio(place, Kind::Ours, base)? >= times,
            Goal::WithinTimes(times, base) => self.ratio(place, Kind::Ours, base)? <= times,
            Goal::Within(most) => self.median(place, Kind::Ours)? <= most,
        })
    }

    /// Goals that were measured and missed.
    pub fn missed(&self) -> usize {
        LINES
            .iter()
            .enumerate()
            .flat_map(|(place, line)| line.goals.iter().map(move |&goal| self.holds(place, goal)))
            .filter(|held| *held == Some(false))
            .count()
    }

    /// The table and what one must know to read it.
    pub fn markdown(&self, passes: usize) -> String {
        let mut out = String::from(
            "| work | ours | raw+sqlite (D) | raw (R) | ours / D | ours / R | D / R | goal | holds |\n\
             |---|---|---|---|---|---|---|---|---|\n",
        );
        for (place, line) in LINES.iter().enumerate() {
            let figure = |kind| self.median(place, kind);
            if [Kind::Ours, Kind::Durable, Kind::Raw].into_iter().all(|kind| figure(kind).is_none()) {
                continue;
            }
            let show = |value: Option<f64>| value.map_or(String::from("–"), |value| thousands(value, line.decimals));
            let times = |value: Option<f64>| value.map_or(String::from("–"), |value| format!("{value:.2}"));
            let goals: Vec<_> = line.goals.iter().map(ToString::to_string).collect();
            let held: Vec<_> = line
                .goals
                .iter()
                .filter_map(|&goal| self.holds(place, goal))
                .map(|held| if held { "yes" } else { "**no**" })
                .collect();
            writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                line.name,
                show(figure(Kind::Ours)),
                show(figure(Kind::Durable)),
                show(figure(Kind::Raw)),
                times(self.ratio(place, Kind::Ours, Kind::Durable)),
                times(self.ratio(place, Kind::Ours, Kind::Raw)),
                times(self.ratio(place, Kind::Durable, Kind::Raw)),
                goals.join("; "),
                held.join("; "),
            )
            .ok();
        }
        let range = |values: &[f64], decimals| {
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(0.0, f64::max);
            if values.is_empty() {
                String::from("not measured")
            } else {
                format!("{}–{}", thousands(low, decimals), thousands(high, decimals))
            }
        };
        writeln!(
            out,
            "\nMedians of {passes} interleaved passes; ratios are medians of the ratios within a pass. Disk probe: {} \
             forced 4 KiB overwrites/s. Cores used by the driver: {}; by everything else on the machine: {}.",
            range(&self.disk, 0),
            range(&self.client_cores, 2),
            range(&self.other_cores, 2),
        )
        .ok();
        for fault in &self.faults {
            writeln!(out, "\n**Fault:** {fault}").ok();
        }
        out
    }
}

impl std::fmt::Display for Goal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let letter = |kind: &Kind| if *kind == Kind::Raw { 'R' } else { 'D' };
        match self {
            Self::Times(times, base) => write!(out, "≥ {times} × {}", letter(base)),
            Self::WithinTimes(times, base) => write!(out, "≤ {times} × {}", letter(base)),
            Self::Within(most) => write!(out, "≤ {most}"),
        }
    }
}

/// The middle one, or the mean of the two in the middle.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        count if count % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

fn thousands(value: f64, decimals: usize) -> String {
    let plain = format!("{value:.decimals$}");
    let (whole, rest) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let mut out = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) && !out.ends_with('-') {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}
