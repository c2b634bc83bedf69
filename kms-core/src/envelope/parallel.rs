//! Sealing on several threads, for plaintext that does not have to be waited for.
//!
//! Each thread takes the reader to fill a batch, seals the batch while another reads, and waits
//! for its turn to write, so that reading, sealing and writing overlap and the message is the same
//! as from one thread.

use std::io::{Read, Write};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::{self, Builder};

use super::error::EncryptError;
use super::seal::{Frames, SealedBatch};
use crate::crypto::Failed;
use crate::crypto::aead::AesGcm;

/// Writes the frames of the whole plaintext and returns its length.
///
/// The first batch, in the order of the message, that cannot be read, sealed or written decides
/// the error; all batches before it are written. A panic in the reader or the writer becomes one
/// in the caller.
pub(super) fn run<'k>(
    reader: &mut (dyn Read + Send),
    writer: &mut (dyn Write + Send),
    threads: usize,
    frames: impl Fn() -> Result<Frames<&'k AesGcm>, EncryptError>,
) -> Result<u64, EncryptError> {
    let source = Mutex::new(Source {
        reader,
        batch: 0,
        sequence: 1,
        ended: false,
    });
    let sink = Sink {
        state: Mutex::new(State {
            writer,
            batch: 0,
            outcome: None,
            abandoned: false,
        }),
        turn: Condvar::new(),
    };
    let own = frames()?;
    thread::scope(|scope| {
        for _ in 1..threads {
            let Ok(frames) = frames() else { break };
            let (source, sink) = (&source, &sink);
            let worker = Builder::new().spawn_scoped(scope, || work(frames, source, sink));
            // Where no more threads can be had, those that there are do the work.
            if worker.is_err() {
                break;
            }
        }
        work(own, &source, &sink);
    });
    let state = sink.state.into_inner().map_err(|_| Failed)?;
    state.outcome.unwrap_or(Err(EncryptError::Crypto(Failed)))
}

/// Fills, seals and writes batches until one ends the plaintext or fails.
fn work(mut frames: Frames<&AesGcm>, source: &Mutex<Source<'_>>, sink: &Sink<'_>) {
    let mut guard = AbandonOnPanic { sink, armed: true };
    while let Some((batch, filled)) = fill(&mut frames, source) {
        let sealed = filled.and_then(|end| frames.seal_batch(end));
        if !sink.write(batch, sealed) {
            break;
        }
    }
    guard.armed = false;
}

/// Where the plaintext comes from; who holds it fills a whole batch.
struct Source<'r> {
    reader: &'r mut (dyn Read + Send),
    /// The number of the next batch, from 0.
    batch: u64,
    /// The number of the next batch's first frame.
    sequence: u32,
    /// Nothing more is read: the plaintext has ended, or reading it failed.
    ended: bool,
}

/// The number of the batch that was filled, and whether it ends the plaintext; `None` when there
/// is nothing left to fill.
fn fill(
    frames: &mut Frames<&AesGcm>,
    source: &Mutex<Source<'_>>,
) -> Option<(u64, Result<bool, EncryptError>)> {
    // The lock is poisoned when another thread panicked in the reader.
    let mut source = source.lock().ok()?;
    if source.ended {
        return None;
    }
    let (batch, sequence) = (source.batch, source.sequence);
    let filled = frames.fill(&mut *source.reader, sequence);
    let complete = u32::try_from(frames.complete()).ok();
    match (
        &filled,
        complete.and_then(|count| sequence.checked_add(count)),
    ) {
        (Ok(false), Some(next)) => source.sequence = next,
        // With no number left, sealing this batch is what fails.
        _ => source.ended = true,
    }
    source.batch = batch.saturating_add(1);
    Some((batch, filled))
}

/// Where the message goes, batch after batch.
struct Sink<'w> {
    state: Mutex<State<'w>>,
    /// Told when [`State::batch`] has changed or nothing more will be written.
    turn: Condvar,
}

struct State<'w> {
    writer: &'w mut (dyn Write + Send),
    /// The number of the batch whose turn it is.
    batch: u64,
    /// The length of the whole plaintext, or the first error; nothing is written after it.
    outcome: Option<Result<u64, EncryptError>>,
    /// A thread has panicked, so the turn may never pass on.
    abandoned: bool,
}

impl State<'_> {
    fn stopped(&self) -> bool {
        self.outcome.is_some() || self.abandoned
    }
}

impl Sink<'_> {
    /// Waits for the turn of `batch` and writes it; returns whether more can be written.
    fn write(&self, batch: u64, sealed: Result<SealedBatch<'_>, EncryptError>) -> bool {
        let Ok(state) = self.state.lock() else {
            return false;
        };
        let waiting = |state: &mut State<'_>| !state.stopped() && state.batch != batch;
        let Ok(mut state) = self.turn.wait_while(state, waiting) else {
            return false;
        };
        if state.stopped() {
            return false;
        }
        let written = sealed.and_then(|sealed| {
            let written = state.writer.write_all(sealed.bytes);
            written.map_err(EncryptError::Write)?;
            Ok(sealed.plaintext_length)
        });
        state.outcome = written.transpose();
        state.batch = batch.saturating_add(1);
        let more = state.outcome.is_none();
        drop(state);
        self.turn.notify_all();
        more
    }
}

/// Releases the threads that wait for the turn of one that panicked.
struct AbandonOnPanic<'s, 'w> {
    sink: &'s Sink<'w>,
    armed: bool,
}

impl Drop for AbandonOnPanic<'_, '_> {
    fn drop(&mut self) {
        if self.armed {
            let state = self.sink.state.lock();
            state.unwrap_or_else(PoisonError::into_inner).abandoned = true;
            self.sink.turn.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind, IoSliceMut};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use crate::ciphertext::EncryptionContext;
    use crate::crypto::random::Random;
    use crate::envelope::{
        BATCH_BYTES, DataKey, DataKeys, DecryptOptions, EncryptOptions, EncryptedDataKey, KeyError,
        Summary, batch_frames, decrypt, encrypt,
    };
    use crate::secret::SecretBytes;

    use super::*;

    /// One data key and one message id, so that equal plaintexts have equal messages.
    #[derive(Debug)]
    struct Same;

    impl Random for Same {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), Failed> {
            bytes.fill(3);
            Ok(())
        }
    }

    impl DataKeys for Same {
        fn generate(&self, length: usize, _: &EncryptionContext) -> Result<DataKey, KeyError> {
            Ok(DataKey {
                plaintext: SecretBytes::new(vec![5; length]),
                encrypted: vec![EncryptedDataKey::aws_kms("arn:aws:kms:x:1:key/1", vec![1])],
            })
        }

        fn wrap(
            &self,
            _: &SecretBytes,
            _: &EncryptionContext,
        ) -> Result<Vec<EncryptedDataKey>, KeyError> {
            Ok(vec![EncryptedDataKey::aws_kms(
                "arn:aws:kms:x:1:key/1",
                vec![1],
            )])
        }

        fn unwrap(
            &self,
            _: &[EncryptedDataKey],
            _: &EncryptionContext,
            length: usize,
        ) -> Result<SecretBytes, KeyError> {
            Ok(SecretBytes::new(vec![5; length]))
        }
    }

    fn encrypt_on(
        threads: usize,
        frame_length: u32,
        reader: &mut (dyn Read + Send),
        writer: &mut (dyn Write + Send),
    ) -> Result<Summary, EncryptError> {
        let options = EncryptOptions {
            frame_length,
            threads,
            ..EncryptOptions::default()
        };
        let context = EncryptionContext::new();
        encrypt(reader, writer, &Same, &context, &options, &Same)
    }

    fn message_on(threads: usize, frame_length: u32, plaintext: &[u8]) -> Vec<u8> {
        let mut message = Vec::new();
        let summary = encrypt_on(threads, frame_length, &mut &*plaintext, &mut message).unwrap();
        assert_eq!(
            summary.plaintext_length,
            u64::try_from(plaintext.len()).unwrap()
        );
        message
    }

    /// Unlike in every frame.
    fn pattern(length: usize) -> Vec<u8> {
        (0..length.div_ceil(8))
            .flat_map(|word| u64::try_from(word).unwrap().to_be_bytes())
            .take(length)
            .collect()
    }

    #[test]
    fn the_message_is_the_same_on_any_number_of_threads() {
        for frame_length in [1000_u32, 65_536, 1_048_576] {
            let frame = usize::try_from(frame_length).unwrap();
            let batch = frame * batch_frames(frame);
            let lengths = [0, 1, batch - 1, batch, batch + 1, 2 * batch, 5 * batch - 7];
            for length in lengths {
                let plaintext = pattern(length);
                let expected = message_on(1, frame_length, &plaintext);
                for threads in [0, 2, 3, 8] {
                    let message = message_on(threads, frame_length, &plaintext);
                    assert!(
                        message == expected,
                        "{length} bytes in {frame}, {threads} threads"
                    );
                }
                let mut released = Vec::new();
                let options = DecryptOptions::default();
                decrypt(&mut &expected[..], &mut released, &Same, &options).unwrap();
                assert!(released == plaintext);
            }
        }
    }

    /// Gives at most so many bytes at once, and does something else where they end.
    struct Odd<'a, F> {
        rest: &'a [u8],
        at_once: usize,
        at_end: F,
    }

    impl<F: FnMut() -> io::Result<usize>> Read for Odd<'_, F> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.rest.is_empty() {
                return (self.at_end)();
            }
            let length = buffer.len().min(self.at_once);
            self.rest.read(&mut buffer[..length])
        }

        fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
            let empty = &mut IoSliceMut::new(&mut []);
            let first = buffers.iter_mut().find(|buffer| !buffer.is_empty());
            self.read(first.unwrap_or(empty))
        }
    }

    /// Takes so many bytes and then does something else.
    struct Narrow<F> {
        taken: Vec<u8>,
        room: usize,
        when_full: F,
    }

    impl<F: FnMut() -> io::Result<usize>> Write for Narrow<F> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let length = bytes.len().min(self.room - self.taken.len());
            if length == 0 {
                return (self.when_full)();
            }
            self.taken.extend_from_slice(&bytes[..length]);
            Ok(length)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn short_reads_make_no_difference() {
        let plaintext = pattern(3 * BATCH_BYTES + 11);
        let mut reader = Odd {
            rest: &plaintext,
            at_once: 7919,
            at_end: || Ok(0),
        };
        let mut message = Vec::new();
        encrypt_on(2, 65_536, &mut reader, &mut message).unwrap();
        assert!(message == message_on(1, 65_536, &plaintext));
    }

    #[test]
    fn a_reader_that_fails_ends_the_message_after_the_batches_before() {
        let plaintext = pattern(5 * BATCH_BYTES);
        let whole = message_on(1, 65_536, &plaintext);
        let mut reader = Odd {
            rest: &plaintext[..3 * BATCH_BYTES + 100],
            at_once: BATCH_BYTES,
            at_end: || Err(ErrorKind::ConnectionReset.into()),
        };
        let mut message = Vec::new();
        let error = encrypt_on(3, 65_536, &mut reader, &mut message).unwrap_err();
        let EncryptError::Read(error) = error else {
            panic!("{error:?}");
        };
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        assert!(message.len() > 2 * BATCH_BYTES && whole.starts_with(&message));
    }

    #[test]
    fn a_writer_that_fails_stops_the_reader() {
        let mut reader = io::repeat(1);
        let mut writer = Narrow {
            taken: Vec::new(),
            room: 3 * BATCH_BYTES + 100,
            when_full: || Err(ErrorKind::BrokenPipe.into()),
        };
        let error = encrypt_on(3, 65_536, &mut reader, &mut writer).unwrap_err();
        let EncryptError::Write(error) = error else {
            panic!("{error:?}");
        };
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        let plaintext = vec![1; 4 * BATCH_BYTES];
        assert!(message_on(1, 65_536, &plaintext).starts_with(&writer.taken));
    }

    #[test]
    fn of_a_writer_and_a_reader_that_fail_the_first_in_the_message_is_reported() {
        let plaintext = pattern(3 * BATCH_BYTES);
        for _ in 0..20 {
            let mut reader = Odd {
                rest: &plaintext,
                at_once: BATCH_BYTES,
                at_end: || Err(ErrorKind::ConnectionReset.into()),
            };
            let mut writer = Narrow {
                taken: Vec::new(),
                room: 1000,
                when_full: || Err(ErrorKind::BrokenPipe.into()),
            };
            let error = encrypt_on(4, 65_536, &mut reader, &mut writer).unwrap_err();
            assert!(matches!(error, EncryptError::Write(_)), "{error:?}");
        }
    }

    #[test]
    fn a_reader_or_writer_that_panics_leaves_no_thread_waiting() {
        let plaintext = pattern(3 * BATCH_BYTES + 100);
        let broken = || -> io::Result<usize> { panic!("expected by the test") };
        for threads in [2, 4] {
            let mut reader = Odd {
                rest: &plaintext,
                at_once: BATCH_BYTES,
                at_end: broken,
            };
            let run = || encrypt_on(threads, 65_536, &mut reader, &mut io::sink());
            assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
            let mut writer = Narrow {
                taken: Vec::new(),
                room: BATCH_BYTES,
                when_full: broken,
            };
            let run = || encrypt_on(threads, 65_536, &mut io::repeat(1), &mut writer);
            assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
        }
    }
}
