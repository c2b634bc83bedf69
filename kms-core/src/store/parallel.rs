//! Work on many records at once, when a store is opened.

use std::sync::{Mutex, PoisonError};
use std::thread::{self, Builder};

/// How many items a thread takes at a time; fewer are not worth a thread.
const CHUNK: usize = 2048;

/// `work` of the items, some at a time, in their order, on as many threads as there are cores.
pub(crate) fn map_chunks<T: Send, R: Send>(
    items: Vec<T>,
    work: impl Fn(Vec<T>) -> R + Sync,
) -> Vec<R> {
    if items.len() <= CHUNK {
        return vec![work(items)];
    }
    let chunks = Mutex::new(chunks(items).into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    let run = || {
        loop {
            let next = chunks.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((number, chunk)) = next else { return };
            let result = work(chunk);
            done.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((number, result));
        }
    };
    thread::scope(|scope| {
        for _ in 1..thread::available_parallelism().map_or(1, usize::from) {
            // Where no more threads can be had, those that there are do the work.
            if Builder::new().spawn_scoped(scope, run).is_err() {
                break;
            }
        }
        run();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

fn chunks<T>(items: Vec<T>) -> Vec<Vec<T>> {
    let mut chunks = Vec::with_capacity(items.len().div_ceil(CHUNK));
    let mut items = items.into_iter();
    loop {
        let chunk: Vec<T> = items.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return chunks;
        }
        chunks.push(chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for length in [0, 1, CHUNK, CHUNK + 1, 5 * CHUNK + 7] {
            let items: Vec<usize> = (0..length).collect();
            assert_eq!(map_chunks(items.clone(), |chunk| chunk).concat(), items);
        }
    }
}
