//! What SQLite says, in the words of the store.

use rusqlite::types::Type;
use rusqlite::{Error, ErrorCode, Row, ffi};

use crate::store::{FormatError, Revision, StoreError, shown};

pub(super) fn from_sqlite(error: Error) -> StoreError {
    match &error {
        Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy,
            ErrorCode::DiskFull => StoreError::Full,
            ErrorCode::DatabaseCorrupt => StoreError::corrupt("the database file"),
            ErrorCode::NotADatabase => StoreError::Format(FormatError::NotAStore),
            ErrorCode::TooBig => StoreError::InvalidChange("a record is too large"),
            // The statements are fixed: only the schema can make one wrong.
            ErrorCode::Unknown if failure.extended_code == ffi::SQLITE_ERROR => {
                StoreError::Format(FormatError::Schema)
            }
            _ => StoreError::Io(Box::new(error)),
        },
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::Utf8Error(..)
        | Error::InvalidColumnType(..)
        | Error::QueryReturnedNoRows => StoreError::corrupt("a row of the database file"),
        _ => StoreError::Io(Box::new(error)),
    }
}

/// An error while rows are read in order, with the last good one as the place.
pub(super) fn after(error: Error, last: Option<&str>) -> StoreError {
    match (from_sqlite(error), last) {
        (StoreError::Corrupt { place }, Some(last)) => {
            StoreError::corrupt(format!("{place}, after {}", shown(last)))
        }
        (other, _) => other,
    }
}

/// SQLite's integers are signed.
pub(super) fn to_integer(revision: Revision) -> Result<i64, Error> {
    i64::try_from(revision.0).map_err(|_| Error::IntegralValueOutOfRange(0, i64::MAX))
}

pub(super) fn to_revision(row: &Row<'_>, column: usize) -> Result<Revision, Error> {
    let number: i64 = row.get(column)?;
    u64::try_from(number)
        .map(Revision)
        .map_err(|error| Error::FromSqlConversionFailure(column, Type::Integer, Box::new(error)))
}
