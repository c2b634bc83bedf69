//! Authenticated plaintext: what may be handed out, and what must wait.

use std::collections::VecDeque;

use crate::secret::SecretBuffer;

/// Bytes of a buffer, so that many small frames do not take a buffer each.
const CHUNK_BYTES: usize = 64 * 1024;

struct Chunk {
    buffer: SecretBuffer,
    /// Bytes of plaintext in it.
    filled: usize,
    /// Bytes that were handed out.
    taken: usize,
}

/// Plaintext in the order of the message, of which a beginning is released.
#[derive(Default)]
pub(super) struct Withheld {
    chunks: VecDeque<Chunk>,
    /// Bytes that may be handed out.
    released: usize,
    /// Bytes behind these that may not yet.
    waiting: usize,
}

impl Withheld {
    /// Room for `length` bytes, which are no plaintext before [`Withheld::keep`].
    pub(super) fn room(&mut self, length: usize) -> &mut [u8] {
        let fits = |chunk: &Chunk| chunk.buffer.len().saturating_sub(chunk.filled) >= length;
        if !self.chunks.back().is_some_and(fits) {
            self.chunks.push_back(Chunk {
                buffer: SecretBuffer::new(length.max(CHUNK_BYTES)),
                filled: 0,
                taken: 0,
            });
        }
        let Some(last) = self.chunks.back_mut() else {
            return &mut [];
        };
        let end = last.filled.saturating_add(length);
        let room = last.buffer.expose_mut().get_mut(last.filled..end);
        room.unwrap_or_default()
    }

    /// Counts `length` bytes of the room as authenticated plaintext that waits.
    pub(super) fn keep(&mut self, length: usize) {
        if let Some(last) = self.chunks.back_mut() {
            last.filled = last.filled.saturating_add(length).min(last.buffer.len());
            self.waiting = self.waiting.saturating_add(length);
        }
    }

    /// Bytes that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Lets everything be handed out.
    pub(super) fn release(&mut self) {
        self.released = self.released.saturating_add(self.waiting);
        self.waiting = 0;
    }

    /// Hands out what is released and fits `to`; returns how many bytes that were.
    pub(super) fn take(&mut self, to: &mut [u8]) -> usize {
        self.drop_used();
        let Some(first) = self.chunks.front_mut() else {
            return 0;
        };
        let there = first.filled.saturating_sub(first.taken);
        let count = there.min(self.released).min(to.len());
        let end = first.taken.saturating_add(count);
        let from = first.buffer.expose().get(first.taken..end);
        if let (Some(to), Some(from)) = (to.get_mut(..count), from) {
            to.copy_from_slice(from);
        }
        first.taken = end;
        self.released = self.released.saturating_sub(count);
        self.drop_used();
        count
    }

    /// Drops the buffers at the front that were handed out; the last one is used again.
    fn drop_used(&mut self) {
        let is_used = |chunk: &Chunk| chunk.taken >= chunk.filled;
        while self.chunks.len() > 1 && self.chunks.front().is_some_and(is_used) {
            self.chunks.pop_front();
        }
        if let Some(only) = self.chunks.front_mut().filter(|chunk| is_used(chunk)) {
            (only.taken, only.filled) = (0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(withheld: &mut Withheld, bytes: &[u8]) {
        withheld.room(bytes.len()).copy_from_slice(bytes);
        withheld.keep(bytes.len());
    }

    fn taken(withheld: &mut Withheld) -> Vec<u8> {
        let (mut all, mut piece) = (Vec::new(), [0; 1000]);
        loop {
            match withheld.take(&mut piece) {
                0 => return all,
                count => all.extend_from_slice(&piece[..count]),
            }
        }
    }

    #[test]
    fn only_what_is_released_is_handed_out_and_all_of_it_in_order() {
        let mut withheld = Withheld::default();
        keep(&mut withheld, b"one");
        assert_eq!(taken(&mut withheld), b"");
        withheld.release();
        keep(&mut withheld, b"two");
        assert_eq!(taken(&mut withheld), b"one");
        assert_eq!(withheld.waiting(), 3);
        withheld.release();
        assert_eq!(taken(&mut withheld), b"two");
        // Behind a buffer that is used up comes a larger one.
        let large = vec![7; CHUNK_BYTES + 1];
        keep(&mut withheld, &large);
        keep(&mut withheld, b"three");
        withheld.release();
        assert_eq!(taken(&mut withheld), [&large[..], b"three"].concat());
    }

    #[test]
    fn a_room_that_was_not_kept_is_not_handed_out() {
        let mut withheld = Withheld::default();
        withheld.room(5).copy_from_slice(b"wrong");
        keep(&mut withheld, b"right");
        withheld.release();
        assert_eq!(taken(&mut withheld), b"right");
    }
}
