#![expect(clippy::as_conversions, reason = "lengths of test data")]

use std::ops::Range;

use proptest::prelude::*;

use super::layout::FrameLayout;
use crate::envelope::frame::{FINAL_OVERHEAD, FRAME_OVERHEAD};

/// One frame: its number, its bytes in the message and in the plaintext.
type Frame = (u32, Range<u64>, Range<u64>);

/// The frames of a message that is written of so many bytes of plaintext, one after the other.
fn written(plaintext: u64, header: u64, frame_length: u32) -> Vec<Frame> {
    let (regular, last) = (FRAME_OVERHEAD as u64, FINAL_OVERHEAD as u64);
    let frame = u64::from(frame_length);
    let mut frames = Vec::new();
    let (mut number, mut at, mut done) = (1, header, 0);
    while plaintext - done >= frame {
        frames.push((number, at..at + frame + regular, done..done + frame));
        (number, at, done) = (number + 1, at + frame + regular, done + frame);
    }
    let rest = plaintext - done;
    frames.push((number, at..at + rest + last, done..plaintext));
    frames
}

/// The frames that hold a byte of the range.
fn holding(frames: &[Frame], range: &Range<u64>) -> Vec<Frame> {
    let holds = |frame: &&Frame| frame.2.clone().any(|byte| range.contains(&byte));
    frames.iter().filter(holds).cloned().collect()
}

proptest! {
    #[test]
    fn the_arithmetic_agrees_with_frames_laid_down_one_after_the_other(
        plaintext in 0_u64..300,
        header in 0_u64..200,
        frame_length in 1_u32..40,
        start in 0_u64..350,
        length in 0_u64..350,
    ) {
        let frames = written(plaintext, header, frame_length);
        let layout = FrameLayout::of_plaintext(plaintext, header, frame_length).unwrap();
        let (last, end, _) = frames.last().unwrap().clone();
        prop_assert_eq!(layout.message_length(), end.end);
        prop_assert_eq!(FrameLayout::of_message(end.end, header, frame_length), Some(layout));
        prop_assert_eq!(layout.plaintext_length(), plaintext);
        prop_assert_eq!(layout.final_frame(), last);
        prop_assert_eq!(layout.final_frame_range(), end);
        for (number, bytes, plaintext) in &frames {
            prop_assert_eq!(layout.frame_range(*number), Some(bytes.clone()));
            prop_assert_eq!(layout.plaintext_of(*number), Some(plaintext.clone()));
        }
        for number in [0, last + 1, u32::MAX] {
            prop_assert_eq!(layout.frame_range(number), None);
            prop_assert_eq!(layout.plaintext_of(number), None);
        }

        let range = start..start + length;
        let needed = holding(&frames, &range);
        let (first, last) = (needed.first(), needed.last());
        let numbers = first.zip(last).map(|(first, last)| first.0..=last.0);
        prop_assert_eq!(layout.frames_of(range.clone()), numbers);
        let bytes = first.zip(last).map(|(first, last)| first.1.start..last.1.end);
        prop_assert_eq!(layout.ciphertext_range(range), bytes);
    }

    #[test]
    fn any_lengths_have_a_layout_that_fits_them_or_none(
        message in any::<u64>(),
        header in prop_oneof![0_u64..5000, any::<u64>()],
        frame_length in prop_oneof![0_u32..70_000, any::<u32>()],
        start in any::<u64>(),
        end in any::<u64>(),
    ) {
        if let Some(layout) = FrameLayout::of_message(message, header, frame_length) {
            prop_assert_eq!(layout.message_length(), message);
            prop_assert!(layout.plaintext_length() < message);
            if let Some(range) = layout.ciphertext_range(start..end) {
                prop_assert!(header <= range.start && range.start < range.end && range.end <= message);
            }
        }
        if let Some(layout) = FrameLayout::of_plaintext(message, header, frame_length) {
            prop_assert_eq!(layout.plaintext_length(), message);
            prop_assert!(layout.message_length() > message);
        }
    }
}

#[test]
fn the_final_frame_of_other_writers_may_be_full() {
    let layout = FrameLayout::of_message(100 + 48 + 56, 100, 16).unwrap();
    assert_eq!(layout.plaintext_length(), 32);
    assert_eq!(layout.final_frame(), 2);
    assert_eq!(layout.frames_of(31..32), Some(2..=2));
    assert_eq!(layout.frames_of(32..33), None);
}

#[test]
fn lengths_that_no_message_has_give_no_layout() {
    for (message, header, frame) in [
        (0, 0, 16),               // no final frame
        (139, 100, 16),           // less than one
        (100 + 40 + 17, 100, 16), // more than a frame, less than two
        (100 + 40 + 47, 100, 16), // the same, by one byte
        (1000, 100, 0),           // no frame length
        (10, u64::MAX, 16),       // a header beyond all
        (u64::MAX, 0, 1),         // more frames than numbers
    ] {
        assert_eq!(FrameLayout::of_message(message, header, frame), None);
    }
    assert_eq!(FrameLayout::of_plaintext(5, 0, 0), None);
    assert_eq!(FrameLayout::of_plaintext(u64::MAX, 0, u32::MAX), None);
    assert_eq!(FrameLayout::of_plaintext(5, u64::MAX, 16), None);
}

#[test]
fn frames_are_numbered_up_to_the_greatest_number_of_the_format() {
    let most = 0xffff_fffe_u64;
    let layout = FrameLayout::of_plaintext(most * 4 + 3, 100, 4).unwrap();
    assert_eq!(layout.final_frame(), u32::MAX);
    let end = most * 4;
    assert_eq!(layout.plaintext_of(u32::MAX), Some(end..end + 3));
    assert_eq!(
        layout.frames_of(end - 1..u64::MAX),
        Some(u32::MAX - 1..=u32::MAX)
    );
    assert_eq!(FrameLayout::of_plaintext(most * 4 + 4, 100, 4), None);
    let message = layout.message_length();
    assert_eq!(FrameLayout::of_message(message, 100, 4), Some(layout));
    assert_eq!(FrameLayout::of_message(message + 33, 100, 4), None);
}
