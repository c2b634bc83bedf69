//! Behaviour of the whole room.
