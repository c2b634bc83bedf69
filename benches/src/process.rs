//! What a process has used so far.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// User and system time of all threads of a running process, at the kernel's ticks (10 ms).
pub fn cpu_time(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("the process runs");
    let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
    // Fields 14 and 15 of proc(5), counted from the one after the name, which is field 3.
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().expect("a count of ticks"))
        .sum();
    Duration::from_secs(ticks) / u32::try_from(rustix::param::clock_ticks_per_second()).unwrap()
}

/// Watches how much memory a process holds at most.
#[derive(Debug)]
pub struct PeakMemory {
    watcher: JoinHandle<u64>,
    ended: Arc<AtomicBool>,
}

impl PeakMemory {
    /// Starts watching.
    pub fn of(process: u32) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&ended);
        let watcher = thread::spawn(move || {
            let mut peak = 0;
            while !stop.load(Ordering::Relaxed) {
                peak = peak.max(high_water_mark(process).unwrap_or_default());
                thread::sleep(Duration::from_millis(5));
            }
            peak
        });
        Self { watcher, ended }
    }

    /// The largest resident set so far, in KiB.
    pub fn stop(self) -> u64 {
        self.ended.store(true, Ordering::Relaxed);
        self.watcher.join().expect("the watcher ends")
    }
}

/// The resident set of a running process, in KiB.
pub fn resident_kibibytes(process: u32) -> u64 {
    status(process, "VmRSS:").expect("the process runs")
}

fn high_water_mark(process: u32) -> Option<u64> {
    status(process, "VmHWM:")
}

fn status(process: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
