//! A case of `kms policy eval`.

use kms_core::policy::{Outcome, Simulation};

/// What is accepted has an outcome, the same each time, and a reason in one line.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Simulation::parse(text) {
        Ok(simulation) => {
            let (outcome, reason) = simulation.run();
            assert_eq!(simulation.run(), (outcome, reason.clone()));
            assert!(
                outcome == Outcome::Allowed || reason.contains("deny") || reason.contains("no ")
            );
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
