//! Readers that dawdle, and generated messages.

use super::*;

/// A writer that a reader looks at, to see what was written when it was asked for more.
#[derive(Clone, Default)]
struct Shared(Arc<std::sync::Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Gives one piece per read and notes how much was written before each.
struct Slow {
    pieces: Vec<Vec<u8>>,
    written: Shared,
    seen: Vec<usize>,
}

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.seen.push(self.written.0.lock().unwrap().len());
        if self.pieces.is_empty() {
            return Ok(0);
        }
        let piece = self.pieces.remove(0);
        buffer[..piece.len()].copy_from_slice(&piece);
        Ok(piece.len())
    }
}

#[test]
fn a_complete_frame_does_not_wait_for_a_slow_reader() {
    let message = message(&pattern(48), 16);
    let written = Shared::default();
    let mut reader = Slow {
        pieces: vec![pattern(16), pattern(16)],
        written: written.clone(),
        seen: Vec::new(),
    };
    let (options, keys) = (with_frames_of(16), keyring());
    encrypt(
        &mut reader,
        &mut written.clone(),
        &keys,
        &context(),
        &options,
        &SystemRandom,
    )
    .unwrap();
    let frames: Vec<usize> = reader.seen.windows(2).map(|w| w[1] - w[0]).collect();
    assert_eq!(frames, [48, 48]);

    let written = Shared::default();
    let mut reader = Slow {
        pieces: parts(&message, 48, 16),
        written: written.clone(),
        seen: Vec::new(),
    };
    let options = DecryptOptions::default();
    decrypt(&mut reader, &mut written.clone(), &keys, &options).unwrap();
    // Header, three frames, the final frame, the end.
    assert_eq!(reader.seen, [0, 0, 16, 32, 48, 48]);
}

proptest! {
    #[test]
    fn how_the_input_comes_in_pieces_makes_no_difference(
        length in 0_usize..3000,
        frame_length in prop::sample::select(vec![1_u32, 7, 64, 1000, 65_536]),
        mut sizes in prop::collection::vec(0_usize..400, 1..6),
    ) {
        sizes.push(1);
        let plaintext = pattern(length);
        let message = encrypted(&mut Pieces::new(&plaintext, &sizes), frame_length);
        let (released, result) = decrypted(&mut Pieces::new(&message, &sizes));
        result.unwrap();
        prop_assert_eq!(released, plaintext);
    }

    #[test]
    fn a_header_that_is_read_is_the_one_that_would_be_written(
        noise in prop::collection::vec((0_usize..200, any::<u8>()), 0..3),
    ) {
        let mut message = message(b"plaintext", 16);
        for (at, byte) in noise {
            message[at] = byte;
        }
        let read = header::read_header(&mut input::Input::new(&mut &message[..]), 16);
        let Ok(read) = read else { return Ok(()) };
        // Only the order of a context is free, so noise may have made an unsorted one.
        let sorted = read.header.context.serialise().unwrap();
        if read.body[37..].starts_with(&sorted) {
            let bytes = [read.header.to_bytes().unwrap(), read.authentication].concat();
            prop_assert!(message.starts_with(&bytes));
        }
    }

    #[test]
    fn no_input_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let message = [b"\x02\x04\x78".to_vec(), bytes].concat();
        prop_assert!(open(&message).1.is_err());
    }
}

#[test]
fn plaintext_that_is_handed_over_in_pieces_makes_the_same_message() {
    let plaintext = pattern(40);
    let header_of = |message: &[u8]| inspect(&mut &*message).unwrap();
    for (pieces, sign) in [(1, false), (7, true), (16, false), (40, true)] {
        let options = EncryptOptions {
            sign,
            ..with_frames_of(16)
        };
        let (keys, context) = (keyring(), context());
        let mut encryptor =
            MessageEncryptor::new(&keys, &context, &options, &SystemRandom).unwrap();
        let header = encryptor.header().clone();
        let mut message = Vec::new();
        for piece in plaintext.chunks(pieces) {
            encryptor.update(piece, &mut message).unwrap();
        }
        let summary = encryptor.finish(&mut message).unwrap();
        assert_eq!(
            (summary.header, summary.plaintext_length),
            (header.clone(), 40)
        );
        assert_eq!(header_of(&message), header);
        let options = DecryptOptions {
            signed_messages: SignedMessages::HoldBack,
            ..DecryptOptions::default()
        };
        let mut released = Vec::new();
        decrypt(&mut &message[..], &mut released, &keys, &options).unwrap();
        assert_eq!(released, plaintext);
    }
}
