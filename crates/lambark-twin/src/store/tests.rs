#![allow(clippy::unwrap_used, reason = "tests")]

use std::convert::Infallible;
use std::io::Read;
use std::path::Path;

use futures_util::TryStreamExt;
use lambark_oci::media_type::OCI_MANIFEST;

use super::*;
use crate::clock::Millis;

fn scope() -> Scope {
    Scope { account: "123456789012".to_owned(), region: "us-east-1".to_owned() }
}

/// A store with the repository `team/app`, which has one layer and one tagged image.
fn filled(data: Option<&Path>) -> (Store, Digest, Digest) {
    let store = Store::open(data).unwrap();
    assert!(store.create(Repository::new(scope(), "team/app".to_owned(), Millis(5))).unwrap());
    let layer = upload(&store, b"a layer");
    let image = tag(&store, b"{}", "v1");
    (store, layer, image)
}

fn upload(store: &Store, bytes: &[u8]) -> Digest {
    let mut writer = store.writer().unwrap();
    writer.write(bytes).unwrap();
    let digest = writer.digest();
    assert!(store.add_layer(&scope(), "team/app", writer).unwrap());
    digest
}

fn tag(store: &Store, bytes: &[u8], tag: &str) -> Digest {
    let digest = Digest::of(bytes);
    let image = Image {
        digest: digest.clone(),
        media_type: MediaType::new(OCI_MANIFEST),
        size: 7,
        artifact_type: None,
        subject: None,
        layers: std::collections::BTreeSet::new(),
        children: std::collections::BTreeSet::new(),
        pushed_at: Millis(6),
        pulled_at: None,
        archived: false,
        archived_at: None,
        activated_at: None,
    };
    let change = |stored: &mut Repository| {
        stored.tags.insert(tag.to_owned(), digest.clone());
        stored.images.insert(digest.clone(), image);
        Ok::<(), Infallible>(())
    };
    store.add_manifest(&scope(), "team/app", bytes, change).unwrap().unwrap().unwrap();
    digest
}

fn content(store: &Store, digest: &Digest) -> Vec<u8> {
    let mut bytes = Vec::new();
    store.blob(&scope(), "team/app", digest).unwrap().unwrap().reader().read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn what_was_pushed_is_there_after_a_restart() {
    let place = tempfile::tempdir().unwrap();
    let (store, layer, image) = filled(Some(place.path()));
    drop(store);
    let store = Store::open(Some(place.path())).unwrap();
    assert_eq!(content(&store, &layer), b"a layer");
    let found = store.image(&scope(), "team/app", &Target::Tag("v1".to_owned())).unwrap().unwrap();
    assert_eq!((found.digest, &found.bytes[..]), (image, &b"{}"[..]));
    assert_eq!(store.list(&scope(), |one| one.name.clone()), ["team/app"]);
}

#[test]
fn another_account_or_region_sees_nothing() {
    let (store, layer, _) = filled(None);
    for other in [
        Scope { account: "210987654321".to_owned(), ..scope() },
        Scope { region: "eu-central-1".to_owned(), ..scope() },
    ] {
        assert!(store.blob(&other, "team/app", &layer).unwrap().is_none());
        assert!(store.image(&other, "team/app", &Target::Tag("v1".to_owned())).unwrap().is_none());
        assert!(store.list(&other, |one| one.name.clone()).is_empty());
    }
}

#[test]
fn a_deleted_repository_takes_along_what_no_other_has() {
    for place in [None, Some(tempfile::tempdir().unwrap())] {
        let (store, layer, _) = filled(place.as_ref().map(tempfile::TempDir::path));
        store.create(Repository::new(scope(), "other".to_owned(), Millis(7))).unwrap();
        store.change(&scope(), "other", |other| Ok::<_, Infallible>(other.layers.insert(layer.clone(), 7))).unwrap();
        let refused = store.delete(&scope(), "team/app", |_| Err("no")).unwrap().unwrap();
        assert_eq!(refused.unwrap_err(), "no");
        store.delete(&scope(), "team/app", |_| Ok::<(), Infallible>(())).unwrap().unwrap().unwrap();
        assert!(store.image(&scope(), "team/app", &Target::Tag("v1".to_owned())).unwrap().is_none());
        assert!(store.blob(&scope(), "other", &layer).unwrap().is_some());
        store.delete(&scope(), "other", |_| Ok::<(), Infallible>(())).unwrap().unwrap().unwrap();
        assert!(store.pool.get(&layer).unwrap().is_none());
    }
}

#[test]
fn a_refused_manifest_leaves_nothing_behind() {
    let (store, _, image) = filled(None);
    let refused = store.add_manifest(&scope(), "team/app", b"other", |_| Err::<(), _>("no")).unwrap().unwrap();
    assert_eq!(refused, Err("no"));
    assert!(store.pool.get(&Digest::of(b"other")).unwrap().is_none());
    // Refused for other reasons than its bytes, which are in use.
    assert_eq!(store.add_manifest(&scope(), "team/app", b"{}", |_| Err::<(), _>("no")).unwrap().unwrap(), Err("no"));
    assert!(store.pool.get(&image).unwrap().is_some());
    assert!(store.add_manifest(&scope(), "absent", b"x", |_| Ok::<(), Infallible>(())).unwrap().is_none());
}

#[test]
fn a_part_that_broke_off_counts_for_nothing() {
    let big: Vec<u8> = (0..700_000_u32).flat_map(u32::to_le_bytes).collect();
    let place = tempfile::tempdir().unwrap();
    for data in [None, Some(place.path())] {
        let (store, ..) = filled(data);
        for kept in [0, 1, 1024 * 1024, 1024 * 1024 + 1, big.len()] {
            let mut writer = store.writer().unwrap();
            writer.write(&big[..kept]).unwrap();
            let mark = writer.mark();
            writer.write(&big).unwrap();
            writer.return_to(&mark).unwrap();
            writer.write(b"end").unwrap();
            let digest = writer.digest();
            assert_eq!(writer.length(), kept as u64 + 3);
            assert!(store.add_layer(&scope(), "team/app", writer).unwrap());
            assert!(content(&store, &digest) == [&big[..kept], b"end"].concat(), "{kept}");
        }
    }
}

#[test]
fn memory_is_given_back() {
    let (store, ..) = filled(None);
    let pool::Pool::Memory(memory) = &store.pool else { unreachable!("opened without a directory") };
    let before = memory.used.bytes();
    let mut abandoned = store.writer().unwrap();
    abandoned.write(&[0; 3_000_000]).unwrap();
    let mark = abandoned.mark();
    abandoned.write(&[0; 100]).unwrap();
    abandoned.return_to(&mark).unwrap();
    assert_eq!(memory.used.bytes(), before + 3_000_000);
    drop(abandoned);
    upload(&store, b"a layer");
    assert_eq!(memory.used.bytes(), before);
    upload(&store, b"another");
    assert_eq!(memory.used.bytes(), before + 7);
}

#[tokio::test]
async fn any_range_of_a_blob_is_streamed() {
    let big: Vec<u8> = (0..700_000_u32).flat_map(u32::to_le_bytes).collect();
    let place = tempfile::tempdir().unwrap();
    for data in [None, Some(place.path())] {
        let (store, ..) = filled(data);
        let digest = upload(&store, &big);
        let blob = store.blob(&scope(), "team/app", &digest).unwrap().unwrap();
        let end = big.len();
        for range in [0..end, 0..1, 1_048_570..1_048_590, end - 1..end, 5..5] {
            let pieces: Vec<Bytes> = blob.stream(range.start as u64..range.end as u64).try_collect().await.unwrap();
            assert!(pieces.concat() == big[range.clone()], "{range:?}");
        }
        assert_eq!(blob.beginning(1_500_000).unwrap(), big[..1_500_000]);
        assert_eq!(blob.beginning(usize::MAX).unwrap(), big);
    }
}
