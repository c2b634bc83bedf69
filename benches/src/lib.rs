//! What the benches share: a load generator that costs little, what a process has used, medians.

mod load;
mod process;

pub use load::{Outcome, drive};
pub use process::{PeakMemory, cpu_time, resident_kibibytes};

/// The middle value; of an even number the upper of the two.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// `a (low–high)` of several values.
pub fn spread(values: &[f64], digits: usize) -> String {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!(
        "{:.digits$} ({low:.digits$}–{high:.digits$})",
        median(values)
    )
}

/// A setting from the environment.
pub fn setting<T: std::str::FromStr>(name: &str, default: T) -> T {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number")),
        Err(_) => default,
    }
}
