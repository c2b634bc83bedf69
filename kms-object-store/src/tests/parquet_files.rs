//! A Parquet file in an encrypted object store, read as its users read it.

use std::ops::Range;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryFutureExt, TryStreamExt};
use object_store::buffered::BufWriter;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::arrow::{AsyncArrowWriter, ParquetRecordBatchStreamBuilder, ProjectionMask};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use super::inner::Watched;
use super::*;

#[path = "../../examples/parquet_file.rs"]
mod example;

#[test]
fn the_example_runs() {
    example::main().unwrap();
}

/// How the library's own documentation reads object stores: a range for the metadata, then the
/// ranges of the columns at once.
struct ObjectReader {
    store: Arc<dyn ObjectStore>,
    location: Path,
    size: u64,
}

fn external(error: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

impl AsyncFileReader for ObjectReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        let read = async { self.store.get_range(&self.location, range).await };
        read.map_err(external).boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        let read = async move { self.store.get_ranges(&self.location, &ranges).await };
        read.map_err(external).boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move {
            let size = self.size;
            let reader = ParquetMetaDataReader::new().with_arrow_reader_options(options);
            Ok(Arc::new(reader.load_and_finish(self, size).await?))
        }
        .boxed()
    }
}

const ROWS: i64 = 50_000;

/// Three columns of incompressible numbers and texts, the first row group or a later one.
fn batch(group: i64) -> RecordBatch {
    let rows = || group * ROWS..(group + 1) * ROWS;
    let mixed = |row: i64| row.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64) >> 8;
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(rows().map(mixed)));
    let prices = rows().map(|row| mixed(row + 7) as f64 / 3.0);
    let prices: ArrayRef = Arc::new(Float64Array::from_iter_values(prices));
    let names = rows().map(|row| format!("customer {:x}", mixed(row)));
    let names: ArrayRef = Arc::new(StringArray::from_iter_values(names));
    RecordBatch::try_from_iter([("id", ids), ("price", prices), ("name", names)]).unwrap()
}

async fn write(store: &Arc<dyn ObjectStore>, location: &Path) {
    let writer = BufWriter::with_capacity(Arc::clone(store), location.clone(), 100_000);
    let mut writer = AsyncArrowWriter::try_new(writer, batch(0).schema(), None).unwrap();
    for group in 0..3 {
        writer.write(&batch(group)).await.unwrap();
        writer.flush().await.unwrap();
    }
    writer.close().await.unwrap();
}

#[tokio::test]
async fn a_column_of_a_row_group_costs_the_frames_that_hold_it() {
    let inner = Arc::new(Watched::default());
    let store: Arc<dyn ObjectStore> = Arc::new(store_over(inner.clone(), StoreOptions::default()));
    let location = Path::from("lake/table.parquet");
    write(&store, &location).await;
    let meta = store.head(&location).await.unwrap();
    let stored = inner.memory.head(&location).await.unwrap().size;
    assert!(inner.take().is_empty());

    let reader = ObjectReader {
        store: Arc::clone(&store),
        location,
        size: meta.size,
    };
    let builder = ParquetRecordBatchStreamBuilder::new(reader).await.unwrap();
    assert_eq!(builder.metadata().num_row_groups(), 3);
    let opening: u64 = inner
        .take()
        .iter()
        .map(|range| range.end - range.start)
        .sum();
    // Header, a first frame and the end of the object; the footer of the file, by two requests.
    assert!(opening <= 1024 + 6 * (FRAME + 40), "{opening} bytes");

    let column = builder.metadata().row_group(1).column(1).byte_range();
    let mask = ProjectionMask::columns(builder.parquet_schema(), ["price"]);
    let rows = builder
        .with_row_groups(vec![1])
        .with_projection(mask)
        .build();
    let rows: Vec<RecordBatch> = rows.unwrap().try_collect().await.unwrap();
    let expected = batch(1).column(1).clone();
    let mut row = 0;
    for part in &rows {
        assert_eq!(
            part.column(0).as_ref(),
            expected.slice(row, part.num_rows()).as_ref()
        );
        row += part.num_rows();
    }
    assert_eq!(row, expected.len());

    let first = column.0 / FRAME;
    let frames = (column.0 + column.1 - 1) / FRAME - first + 1;
    let start = 1024 + first * (FRAME + 32);
    let needed = start..start + frames * (FRAME + 32);
    assert_eq!(inner.take(), std::slice::from_ref(&needed));
    assert!(
        (needed.end - needed.start) * 3 < stored,
        "{needed:?} of {stored}"
    );
}
