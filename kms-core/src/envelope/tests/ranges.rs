//! Messages that are read in parts.

#![expect(clippy::as_conversions, reason = "lengths of test data")]

use std::cell::Cell;
use std::io::{Cursor, Seek, SeekFrom};
use std::rc::Rc;

use super::craft::{Craft, keys_of, reading_all};
use super::*;

type Reader = RandomAccessReader<Cursor<Vec<u8>>>;

fn opened(message: Vec<u8>) -> Result<Reader, DecryptError> {
    RandomAccessReader::open(Cursor::new(message), &keyring(), &DecryptOptions::default())
}

fn read(reader: &mut Reader, start: usize, length: usize) -> io::Result<Vec<u8>> {
    reader.seek(SeekFrom::Start(u64::try_from(start).unwrap()))?;
    let mut plaintext = Vec::new();
    let length = u64::try_from(length).unwrap();
    reader.by_ref().take(length).read_to_end(&mut plaintext)?;
    Ok(plaintext)
}

/// The refusal inside an error of `Read`.
fn refusal(error: &io::Error) -> &DecryptError {
    error.get_ref().unwrap().downcast_ref().unwrap()
}

/// What a frame was refused for, if it was for what a frame can be refused for.
fn refused_frame(error: &DecryptError) -> Option<u32> {
    match error {
        DecryptError::Forged(Part::Frame(number))
        | DecryptError::MalformedBody {
            part: Part::Frame(number),
            ..
        } => Some(*number),
        _ => None,
    }
}

#[test]
fn any_range_is_what_the_whole_plaintext_has_there() {
    for length in [0, 1, 15, 16, 17, 31, 32, 33, 160] {
        let plaintext = pattern(length);
        let mut reader = opened(message(&plaintext, 16)).unwrap();
        assert_eq!(reader.plaintext_length(), length as u64);
        assert_eq!(reader.header().context, context());
        for start in 0..=length + 2 {
            for end in start..=length + 2 {
                let expected = &plaintext[start.min(length)..end.min(length)];
                let part = read(&mut reader, start, end - start).unwrap();
                assert_eq!(part, expected, "{start}..{end} of {length}");
            }
        }
    }
}

#[test]
fn positions_are_those_of_a_file_with_the_plaintext() {
    let plaintext = pattern(100);
    let mut reader = opened(message(&plaintext, 16)).unwrap();
    let mut file = Cursor::new(plaintext);
    let moves = [
        SeekFrom::End(-10),
        SeekFrom::Current(-30),
        SeekFrom::Start(3),
        SeekFrom::Current(50),
        SeekFrom::Start(u64::MAX),
        SeekFrom::End(7),
        SeekFrom::End(0),
        SeekFrom::End(-100),
    ];
    for to in moves {
        assert_eq!(reader.seek(to).unwrap(), file.seek(to).unwrap());
        let mut buffers = [[0; 7]; 2];
        let count = reader.read(&mut buffers[0]).unwrap();
        file.read_exact(&mut buffers[1][..count]).unwrap();
        assert_eq!(buffers[0][..count], buffers[1][..count], "{to:?}");
    }
    for to in [SeekFrom::End(-101), SeekFrom::Current(i64::MIN)] {
        assert_eq!(reader.seek(to).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn frames_of_every_length_are_read_at_their_borders() {
    for frame_length in [1, 4096, 65_536, 1_048_576] {
        let frame = usize::try_from(frame_length).unwrap();
        let plaintext = pattern(2 * frame + frame / 2);
        let mut reader = opened(message(&plaintext, frame_length)).unwrap();
        for border in [0, frame, 2 * frame, plaintext.len()] {
            let start = border.saturating_sub(2);
            let end = plaintext.len().min(border + 2);
            let part = read(&mut reader, start, end - start).unwrap();
            assert!(
                part == plaintext[start..end],
                "{start} in frames of {frame}"
            );
        }
        assert!(read(&mut reader, 0, usize::MAX).unwrap() == plaintext);
    }
}

#[test]
fn a_flipped_bit_is_found_at_opening_or_when_its_frame_is_read() {
    let plaintext = pattern(40);
    let message = message(&plaintext, 16);
    let lengths = part_lengths(&message, 40, 16);
    let (header, last) = (lengths[0], message.len() - lengths[3]);
    for bit in 0..message.len() * 8 {
        let mut altered = message.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let opened = opened(altered);
        if !(header..last).contains(&(bit / 8)) {
            assert!(opened.is_err(), "bit {bit}");
            continue;
        }
        let mut reader = opened.unwrap();
        let bad = (bit / 8 - header) / lengths[1];
        for frame in 0..2 {
            let part = read(&mut reader, frame * 16, 16);
            if frame == bad {
                let error = part.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidData);
                let number = u32::try_from(frame + 1).unwrap();
                assert_eq!(refused_frame(refusal(&error)), Some(number), "bit {bit}");
            } else {
                assert_eq!(part.unwrap(), plaintext[frame * 16..frame * 16 + 16]);
            }
        }
        assert_eq!(read(&mut reader, 32, 16).unwrap(), plaintext[32..]);
    }
}

#[test]
fn a_message_cut_off_or_gone_on_does_not_open() {
    let whole = message(&pattern(56), 16);
    for length in 0..whole.len() {
        assert!(opened(whole[..length].to_vec()).is_err(), "{length} bytes");
    }
    for more in 1..=100 {
        let longer = [whole.clone(), vec![0; more]].concat();
        assert!(opened(longer).is_err(), "{more} bytes more");
    }
}

#[test]
fn a_message_with_a_frame_more_or_less_before_its_end_does_not_open() {
    let whole = message(&pattern(56), 16);
    let parts = parts(&whole, 56, 16);
    let lines = [
        vec![0, 1, 2, 4],       // the last regular one is missing
        vec![0, 2, 3, 4],       // the first is
        vec![0, 4],             // all are
        vec![0, 1, 2, 3, 3, 4], // one is there twice
        vec![0, 1, 2, 3],       // the final one is missing
        vec![0, 1, 2, 3, 4, 4], // it is there twice
    ];
    for line in lines {
        let altered: Vec<u8> = line.iter().flat_map(|&part| parts[part].clone()).collect();
        let refused = refused_frame(&opened(altered).unwrap_err());
        assert!(refused.is_some(), "{line:?}");
    }
}

#[test]
fn a_frame_of_another_place_or_message_is_refused_when_it_is_read() {
    let (one, other) = (message(&pattern(56), 16), message(&pattern(56), 16));
    let (one, other) = (parts(&one, 56, 16), parts(&other, 56, 16));
    let swapped = [&one[0], &one[2], &one[1], &one[3], &one[4]].map(Vec::clone);
    let foreign = [&one[0], &one[1], &other[2], &one[3], &one[4]].map(Vec::clone);
    for (message, bad) in [(swapped, vec![1, 2]), (foreign, vec![2])] {
        let mut reader = opened(message.concat()).unwrap();
        for number in 1..=4_u32 {
            let start = (usize::try_from(number).unwrap() - 1) * 16;
            let part = read(&mut reader, start, 16);
            let refused = part
                .as_ref()
                .err()
                .and_then(|error| refused_frame(refusal(error)));
            assert_eq!(refused, bad.contains(&number).then_some(number));
        }
    }
}

#[test]
fn a_final_frame_of_another_message_does_not_end_this_one() {
    let (one, other) = (message(&pattern(40), 16), message(&pattern(40), 16));
    let (one, other) = (parts(&one, 40, 16), parts(&other, 40, 16));
    let mixed = [&one[0], &one[1], &one[2], &other[3]].map(Vec::clone);
    let error = opened(mixed.concat()).unwrap_err();
    assert!(matches!(error, DecryptError::Forged(Part::Frame(3))));
}

#[test]
fn a_full_final_frame_as_other_writers_make_it_is_read_in_parts() {
    let mut craft = Craft::new(0x0478, Content::Framed(16));
    craft.regular(1, &pattern(16));
    craft.last(2, &pattern(16));
    let message = Cursor::new(craft.finish());
    let mut reader = RandomAccessReader::open(message, &keys_of(0x0478), &reading_all()).unwrap();
    let expected = [pattern(16), pattern(16)].concat();
    assert_eq!(read(&mut reader, 10, 100).unwrap(), expected[10..]);
}

#[test]
fn unsigned_framed_messages_of_every_suite_are_read_in_parts_and_others_refused() {
    let plaintext = pattern(40);
    for id in craft::SUITES {
        let signs = craft::suite(id).signature().is_some();
        let open = |content, signed_messages| {
            let message = Cursor::new(Craft::message(id, content, &plaintext));
            let options = DecryptOptions {
                signed_messages,
                ..reading_all()
            };
            RandomAccessReader::open(message, &keys_of(id), &options)
        };
        for signed in [SignedMessages::Refuse, SignedMessages::HoldBack] {
            match open(Content::Framed(16), signed) {
                Ok(mut reader) if !signs => {
                    assert_eq!(read(&mut reader, 10, 20).unwrap(), plaintext[10..30]);
                }
                Err(DecryptError::Signed) if signs => {}
                other => panic!("{id:#x}: {other:?}"),
            }
        }
        let unverified = SignedMessages::ReleaseUnverified;
        let mut reader = open(Content::Framed(16), unverified).unwrap();
        assert_eq!(reader.plaintext_length(), 40);
        assert_eq!(read(&mut reader, 10, 100).unwrap(), plaintext[10..]);
        let unframed = open(Content::Unframed, unverified);
        assert!(matches!(unframed, Err(DecryptError::Unframed)));
    }
}

#[test]
fn the_commitment_policy_holds_for_parts_as_well() {
    let message = Cursor::new(Craft::message(0x0178, Content::Framed(16), &pattern(40)));
    let options = DecryptOptions::default();
    let refused = RandomAccessReader::open(message, &keys_of(0x0178), &options);
    assert!(matches!(refused, Err(DecryptError::Uncommitted)));
}

#[test]
fn a_signed_message_cut_off_or_gone_on_does_not_open_even_where_its_signature_is_not_looked_at() {
    let whole = Craft::message(0x0578, Content::Framed(16), &pattern(56));
    let options = DecryptOptions {
        signed_messages: SignedMessages::ReleaseUnverified,
        ..DecryptOptions::default()
    };
    let opens = |message: Vec<u8>| {
        RandomAccessReader::open(Cursor::new(message), &keys_of(0x0578), &options).is_ok()
    };
    assert!(opens(whole.clone()));
    for length in 0..whole.len() {
        assert!(!opens(whole[..length].to_vec()), "{length} bytes");
    }
    for more in 1..=120 {
        assert!(
            !opens([whole.clone(), vec![0; more]].concat()),
            "{more} bytes more"
        );
    }
}

/// Counts the bytes that are read of a message.
struct Counting {
    message: Cursor<Vec<u8>>,
    count: Rc<Cell<usize>>,
}

impl Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.message.read(buffer)?;
        self.count.set(self.count.get() + count);
        Ok(count)
    }
}

impl Seek for Counting {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.message.seek(to)
    }
}

/// Counts how often a data key is asked for.
struct CountedKeys(RawAesKeyring, Cell<usize>);

impl DataKeys for CountedKeys {
    fn generate(&self, _: usize, _: &EncryptionContext) -> Result<DataKey, KeyError> {
        Err("a reader makes no data key".into())
    }

    fn wrap(
        &self,
        _: &SecretBytes,
        _: &EncryptionContext,
    ) -> Result<Vec<EncryptedDataKey>, KeyError> {
        Err("a reader wraps no data key".into())
    }

    fn unwrap(
        &self,
        encrypted: &[EncryptedDataKey],
        context: &EncryptionContext,
        length: usize,
    ) -> Result<SecretBytes, KeyError> {
        self.1.set(self.1.get() + 1);
        self.0.unwrap(encrypted, context, length)
    }
}

#[test]
fn only_the_frames_of_a_range_are_read_and_the_data_key_is_asked_for_once() {
    const FRAME: usize = 64 * 1024;
    let plaintext = pattern(40 * FRAME);
    let count = Rc::new(Cell::new(0));
    let message = Counting {
        message: Cursor::new(message(&plaintext, 65_536)),
        count: Rc::clone(&count),
    };
    let keys = CountedKeys(keyring(), Cell::new(0));
    let mut reader = RandomAccessReader::open(message, &keys, &DecryptOptions::default()).unwrap();
    let mut buffer = [0; 100];

    count.set(0);
    // A byte of the tenth frame, then of the eleventh, then both again.
    for _ in 0..2 {
        assert_eq!(
            reader.read_at(11 * FRAME as u64 - 50, &mut buffer).unwrap(),
            50
        );
        assert_eq!(reader.read_at(11 * FRAME as u64, &mut buffer).unwrap(), 100);
    }
    assert_eq!(count.get(), 2 * (FRAME + 32));

    // A mebibyte of plaintext is kept, and no more.
    for frame in 0..16 {
        reader.read_at(frame * FRAME as u64, &mut buffer).unwrap();
    }
    count.set(0);
    reader.read_at(15 * FRAME as u64, &mut buffer).unwrap();
    reader.read_at(0, &mut buffer).unwrap();
    assert_eq!(count.get(), 0);
    reader.read_at(30 * FRAME as u64, &mut buffer).unwrap();
    reader.read_at(FRAME as u64, &mut buffer).unwrap();
    assert_eq!(count.get(), 2 * (FRAME + 32));
    assert_eq!(keys.1.get(), 1);
}

#[test]
fn short_frames_are_kept_in_a_number_that_is_soon_looked_through() {
    let count = Rc::new(Cell::new(0));
    let message = Counting {
        message: Cursor::new(message(&pattern(200), 1)),
        count: Rc::clone(&count),
    };
    let options = DecryptOptions::default();
    let mut reader = RandomAccessReader::open(message, &keyring(), &options).unwrap();
    let mut read = |positions: std::ops::Range<u64>| {
        count.set(0);
        for position in positions {
            assert_eq!(reader.read_at(position, &mut [0]).unwrap(), 1);
        }
        count.get()
    };
    assert_eq!(read(0..100), 100 * (1 + 32));
    // The last 64 are kept, and no others.
    assert_eq!(read(36..100), 0);
    assert_eq!(read(35..36), 1 + 32);
}

#[test]
fn what_the_lengths_alone_refuse_is_refused_before_a_key_is_asked_for() {
    let whole = message(&pattern(40), 16);
    let keys = CountedKeys(keyring(), Cell::new(0));
    for length in [0, 100, whole.len() - 20, whole.len() - 9] {
        let message = Cursor::new(whole[..length].to_vec());
        let refused = RandomAccessReader::open(message, &keys, &DecryptOptions::default());
        assert!(refused.is_err(), "{length} bytes");
    }
    let tight = DecryptOptions {
        max_held_bytes: 15,
        ..DecryptOptions::default()
    };
    let refused = RandomAccessReader::open(Cursor::new(whole), &keys, &tight);
    assert!(matches!(
        refused,
        Err(DecryptError::TooLargeToHold(Part::Frame(1)))
    ));
    assert_eq!(keys.1.get(), 0);
}

#[test]
fn a_message_that_is_replaced_while_it_is_read_does_not_mix_with_the_first() {
    let (one, other) = (message(&pattern(56), 16), message(&pattern(56), 16));
    let mut reader = opened(one).unwrap();
    assert_eq!(read(&mut reader, 0, 4).unwrap(), pattern(4));
    reader.reader_mut_for_tests().get_mut().clone_from(&other);
    let error = read(&mut reader, 16, 4).unwrap_err();
    assert_eq!(refused_frame(refusal(&error)), Some(2));
    reader.reader_mut_for_tests().get_mut().truncate(300);
    let error = read(&mut reader, 32, 4).unwrap_err();
    assert!(matches!(
        refusal(&error),
        DecryptError::Truncated(Part::Frame(3))
    ));
}

#[test]
fn ranges_are_read_without_a_file_by_whoever_brings_the_bytes() {
    let plaintext = pattern(100);
    let stored = message(&plaintext, 16);
    let get = |range: std::ops::Range<u64>| {
        let bounds = [range.start, range.end].map(|bound| usize::try_from(bound).unwrap());
        &stored[bounds[0]..bounds[1]]
    };
    let length = stored.len() as u64;
    let options = DecryptOptions::default();
    let start = MessageStart::open(&mut get(0..300), length, &keyring(), &options).unwrap();
    let end = start.layout().final_frame_range();
    let (message, last) = start.prove_end(get(end)).unwrap();
    assert_eq!(last.expose(), &plaintext[96..]);
    let layout = message.layout();
    let mut collected = Vec::new();
    for number in layout.frames_of(20..70).unwrap() {
        let frame = get(layout.frame_range(number).unwrap());
        collected.extend_from_slice(message.open_frame(number, frame).unwrap().expose());
    }
    assert_eq!(collected, plaintext[16..80]);

    // Not the frame that was asked for, one that is not whole, and none at all.
    let first = get(layout.frame_range(1).unwrap());
    assert!(message.open_frame(2, first).is_err());
    assert!(message.open_frame(1, &first[..first.len() - 1]).is_err());
    assert!(message.open_frame(0, first).is_err());
    assert!(message.open_frame(8, first).is_err());
    assert!(message.open_frame(1, &[]).is_err());
}
