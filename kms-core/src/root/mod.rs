//! The root key: what guards it, what it derives, and the barrier that seals every record.
