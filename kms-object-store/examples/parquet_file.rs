//! A Parquet file in an encrypted object store: `cargo run -p kms-object-store --example parquet_file`.

use std::error::Error;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use futures_util::TryStreamExt;
use kms_core::crypto::random::{Random, SystemRandom};
use kms_core::envelope::RawAesKeyring;
use kms_core::secret::SecretBytes;
use kms_object_store::{EncryptedObjectStore, StoreOptions};
use object_store::buffered::{BufReader, BufWriter};
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory, path::Path};
use parquet::arrow::{AsyncArrowWriter, ParquetRecordBatchStreamBuilder};

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    // A key of a KMS does as well (AwsKmsKeys), and any inner store.
    let key = SecretBytes::try_build(32, |key| SystemRandom.fill(key))?;
    let keyring = RawAesKeyring::new("example", "lake", &key, Arc::new(SystemRandom))?;
    let (inner, options) = (Arc::new(InMemory::new()), StoreOptions::default());
    let store = EncryptedObjectStore::new(inner, Arc::new(keyring), options)?;
    let store: Arc<dyn ObjectStore> = Arc::new(store);

    let location = Path::from("lake/table.parquet");
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..1000));
    let batch = RecordBatch::try_from_iter([("number", numbers)])?;
    let file = BufWriter::new(Arc::clone(&store), location.clone());
    let mut writer = AsyncArrowWriter::try_new(file, batch.schema(), None)?;
    writer.write(&batch).await?;
    writer.close().await?;

    let file = BufReader::new(Arc::clone(&store), &store.head(&location).await?);
    let rows = ParquetRecordBatchStreamBuilder::new(file).await?.build()?;
    assert_eq!(rows.try_collect::<Vec<_>>().await?, [batch]);
    Ok(())
}
