//! Medians, and a table of them.

/// What was measured, in the order in which it was.
#[derive(Debug, Default)]
pub struct Figures {
    rows: Vec<[String; 5]>,
}

impl Figures {
    /// Something that was done without capture and with it, in turn: `unit` is that of both, and `ratio` says what is
    /// divided by what.
    pub fn compared(&mut self, what: &str, unit: &str, pairs: &[(f64, f64)], ratio: Ratio) {
        let without = median(pairs.iter().map(|pair| pair.0));
        let with = median(pairs.iter().map(|pair| pair.1));
        let ratios = median(pairs.iter().map(|pair| pair.1 / pair.0));
        let (ratios, goal) = match ratio {
            Ratio::Throughput => (format!("{:.0} %", ratios * 100.0), "75 % at least"),
            Ratio::Time => (format!("{ratios:.2} times"), "2.0 times at most"),
        };
        self.push([
            what.to_owned(),
            format!("{} {unit}", short(without)),
            format!("{} {unit}", short(with)),
            ratios,
            goal.to_owned(),
        ]);
    }

    /// Something that was done in two ways, in turn, with the goal for the median of the ratios; `of` says which of a
    /// pair is divided by which.
    pub fn against(&mut self, what: &str, unit: &str, pairs: &[(f64, f64)], goal: &str, of: Ratio) {
        let ratio = |pair: &(f64, f64)| match of {
            Ratio::Throughput => pair.0 / pair.1,
            Ratio::Time => pair.1 / pair.0,
        };
        let ratios = median(pairs.iter().map(ratio));
        let shown = match of {
            Ratio::Throughput => format!("{:.0} %", ratios * 100.0),
            Ratio::Time => format!("{ratios:.2} times"),
        };
        let of = |values: Vec<f64>| format!("{} {unit}", short(median(values.into_iter())));
        let without = of(pairs.iter().map(|pair| pair.0).collect());
        let with = of(pairs.iter().map(|pair| pair.1).collect());
        self.push([what.to_owned(), without, with, shown, goal.to_owned()]);
    }

    /// Something that there is only with capture.
    pub fn alone(&mut self, what: &str, unit: &str, values: &[f64], goal: &str) {
        let with = format!("{} {unit}", short(median(values.iter().copied())));
        self.push([what.to_owned(), String::new(), with, String::new(), goal.to_owned()]);
    }

    /// Prints all of them as a table: what, two columns of figures, their ratio, and the goal.
    pub fn print(&self, without: &str, with: &str) {
        println!("| | {without} | {with} | ratio | goal |\n| --- | --- | --- | --- | --- |");
        for row in &self.rows {
            println!("| {} |", row.join(" | "));
        }
    }

    fn push(&mut self, row: [String; 5]) {
        eprintln!("  {}", row.join(" | "));
        self.rows.push(row);
    }
}

/// What a ratio of two figures says.
#[derive(Debug, Clone, Copy)]
pub enum Ratio {
    /// More is better.
    Throughput,
    /// Less is better.
    Time,
}

/// The middle one, of an even number the upper of two.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Three digits that matter.
fn short(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
