//! The tests that the library has for every object store.

use object_store::integration;
use object_store::local::LocalFileSystem;

use super::*;

/// Over memory and over files, in short and in usual frames.
fn stores() -> Vec<(EncryptedObjectStore, bool, Option<tempfile::TempDir>)> {
    let mut stores = Vec::new();
    for frame_length in [5, 65_536] {
        let directory = tempfile::tempdir().unwrap();
        let files = LocalFileSystem::new_with_prefix(directory.path()).unwrap();
        let files = store_over(Arc::new(files), frames_of(frame_length));
        let memory = store_over(Arc::new(InMemory::new()), frames_of(frame_length));
        stores.push((memory, true, None));
        stores.push((files, false, Some(directory)));
    }
    stores
}

#[tokio::test]
async fn objects_are_put_got_listed_and_deleted_as_in_any_store() {
    for (store, _, _directory) in stores() {
        integration::put_get_delete_list(&store).await;
        integration::list_uses_directories_correctly(&store).await;
        integration::list_with_delimiter(&store).await;
        integration::list_with_offset_exclusivity(&store).await;
    }
}

#[tokio::test]
async fn conditions_hold_as_in_any_store() {
    for (store, updates, _directory) in stores() {
        integration::get_opts(&store).await;
        integration::put_opts(&store, updates).await;
    }
}

#[tokio::test]
async fn objects_are_copied_and_renamed_as_in_any_store() {
    for (store, _, _directory) in stores() {
        integration::rename_and_copy(&store).await;
        integration::copy_if_not_exists(&store).await;
        integration::copy_rename_nonexistent_object(&store).await;
    }
}

#[tokio::test]
async fn attributes_are_kept_as_in_any_store() {
    let store = store_over(Arc::new(InMemory::new()), StoreOptions::default());
    integration::put_get_attributes(&store).await;
}

#[tokio::test]
async fn uploads_in_parts_work_as_in_any_store() {
    for (store, _, _directory) in stores().into_iter().skip(2) {
        integration::stream_get(&store).await;
    }
}
