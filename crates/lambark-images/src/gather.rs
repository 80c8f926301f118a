//! From a source to facts, only as deep as asked.

use std::collections::HashMap;
use std::io::{Cursor, Read};

use bytes::Bytes;
use lambark_layers::{ReadOptions, SNIFF_BYTES, read_layer, sniff};
use lambark_oci::limits::{MAX_CONFIG_BYTES, MAX_INDEX_DEPTH};
use lambark_oci::{Architecture, Descriptor, Digest, ImageConfig, Index, RawDocument};
use lambark_rules::Needs;
use lambark_rules::facts::{
    Asked, ConfigFacts, Content, Ending, Evidence, FileSystem, ImageFacts, InitFacts, LayerFacts, Sample,
};

use crate::memory::Recall;
use crate::progress::{Counted, Progress};
use crate::source::{Classic, Source, Top, small_blob};
use crate::{Error, parallel};

/// How many small requests run at once. Registries answer each in some tens of milliseconds, so a few hide the rest.
const REQUESTS_AT_ONCE: usize = 8;

/// What to look at.
#[derive(Clone, Copy, Debug)]
pub struct Gather {
    /// How deep.
    pub depth: Needs,
    /// What the rules are asked.
    pub asked: Asked,
}

/// Looks at an image. Layers of which `recall` knows everything are only sampled.
///
/// # Errors
/// When the object that the name points at cannot be read, or reading broke off. What is wrong *inside* the image (a
/// missing blob, a layer of other bytes) is a fact, not an error.
pub fn gather(
    source: &dyn Source,
    options: &Gather,
    recall: Recall<'_>,
    progress: &dyn Progress,
) -> Result<ImageFacts, Error> {
    match source.top()? {
        Top::Document(top) => of_document(source, top, options, recall, progress),
        Top::Classic(classic) => of_classic(source, &classic, options, progress),
    }
}

fn of_document(
    source: &dyn Source,
    top: RawDocument,
    options: &Gather,
    recall: Recall<'_>,
    progress: &dyn Progress,
) -> Result<ImageFacts, Error> {
    let image = image_of(source, &top, options.asked.architecture)?;
    let mut facts = ImageFacts {
        top: Evidence::Known(top),
        config: Evidence::NotLooked("there is no image whose config could be looked at".into()),
        layers: Vec::new(),
        files: Evidence::NotLooked("there is no image whose files could be looked at".into()),
        init: not_run(),
        image,
        asked: options.asked,
        location: None,
    };
    let Ok(manifest) = facts.manifest().cloned() else { return Ok(facts) };
    let (config, layers) = std::thread::scope(|scope| {
        let config = scope.spawn(|| read_config(source, &manifest.config));
        let layers = look_at_layers(source, &manifest.layers, options.depth, recall, progress);
        (config.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), layers)
    });
    facts.config = Evidence::Known(config?);
    facts.layers = layers?;
    for (layer, descriptor) in facts.layers.iter_mut().zip(manifest.layers) {
        layer.descriptor = Some(descriptor);
    }
    finish(&mut facts);
    Ok(facts)
}

fn of_classic(
    source: &dyn Source,
    classic: &Classic,
    options: &Gather,
    progress: &dyn Progress,
) -> Result<ImageFacts, Error> {
    let no_manifest = "a docker archive has no manifest: whoever pushes it decides the media types";
    let config = match ImageConfig::parse(&classic.config) {
        Ok(config) => ConfigFacts::Read { descriptor: None, config: Box::new(config) },
        Err(error) => {
            let reason = format!("the config is malformed: {error}");
            return Err(Error::Malformed { place: source.place(), reason });
        }
    };
    let mut facts = ImageFacts {
        top: Evidence::NotLooked(no_manifest.into()),
        image: Evidence::NotLooked(no_manifest.into()),
        config: Evidence::Known(config),
        // Its layers go by names, not by digests that were held against anything.
        layers: look_at_layers(source, &classic.layers, options.depth, Recall::Nothing, progress)?,
        files: Evidence::NotLooked("".into()),
        init: not_run(),
        asked: options.asked,
        location: None,
    };
    finish(&mut facts);
    Ok(facts)
}

/// Reading an image runs nothing: whoever runs it fills this in.
fn not_run() -> Evidence<InitFacts> {
    Evidence::NotLooked("the function was not run".into())
}

/// Joins what was read apart: diff_ids from the config, the merged file system from the layers.
fn finish(facts: &mut ImageFacts) {
    if let Ok(config) = facts.image_config() {
        let diff_ids = config.rootfs.diff_ids.clone();
        for (layer, diff_id) in facts.layers.iter_mut().zip(diff_ids) {
            layer.diff_id = Some(diff_id);
        }
    }
    facts.files = merged(&facts.layers);
}

fn merged(layers: &[LayerFacts]) -> Evidence<FileSystem> {
    let mut entries = Vec::new();
    let mut plain_bytes: u64 = 0;
    for (index, layer) in layers.iter().enumerate() {
        match &layer.content {
            Evidence::Known(content) if content.ending == Ending::Complete => {
                entries.push(content.entries.as_slice());
                plain_bytes = plain_bytes.saturating_add(content.plain_size);
            }
            Evidence::Known(_) => {
                return Evidence::NotLooked(format!("layer {index} could not be read to its end").into());
            }
            Evidence::NotLooked(reason) => return Evidence::NotLooked(reason.clone()),
        }
    }
    Evidence::Known(FileSystem::merge(&entries, plain_bytes))
}

/// The image manifest under judgement: the object itself, or a child of the index.
fn image_of(
    source: &dyn Source,
    top: &RawDocument,
    wanted: Option<Architecture>,
) -> Result<Evidence<RawDocument>, Error> {
    let mut document = top.clone();
    for _ in 0..=MAX_INDEX_DEPTH {
        let child = match document.document() {
            lambark_oci::Document::Manifest(manifest) if manifest.is_image() => {
                return Ok(Evidence::Known(document));
            }
            lambark_oci::Document::Manifest(_) => {
                return Ok(Evidence::NotLooked("the object is no image".into()));
            }
            lambark_oci::Document::Schema1 => {
                return Ok(Evidence::NotLooked("a schema 1 manifest is not read further".into()));
            }
            lambark_oci::Document::OldArtifact => {
                return Ok(Evidence::NotLooked("the object is no image".into()));
            }
            lambark_oci::Document::Index(index) => match child_to_judge(index, wanted) {
                Some(child) => child.clone(),
                None => return Ok(Evidence::NotLooked("the index holds no image".into())),
            },
        };
        document = match source.document(&child) {
            Ok(document) => document,
            Err(Error::MissingBlob { digest, .. }) => {
                return Ok(Evidence::NotLooked(format!("the index names the child {digest}, which is missing").into()));
            }
            Err(error) => return Err(error),
        };
    }
    Ok(Evidence::NotLooked(format!("the indexes nest deeper than {MAX_INDEX_DEPTH}").into()))
}

/// The child that a function would get: of the wanted architecture, else of the one that a function has by default,
/// else the first image; else the first nested index.
fn child_to_judge(index: &Index, wanted: Option<Architecture>) -> Option<&Descriptor> {
    index
        .select(wanted)
        .or_else(|_| index.select(Some(Architecture::X86_64)))
        .ok()
        .or_else(|| index.images().next())
        .or_else(|| {
            index.manifests.iter().find(|child| lambark_oci::ChildRole::of(child) == lambark_oci::ChildRole::Index)
        })
}

fn read_config(source: &dyn Source, descriptor: &Descriptor) -> Result<ConfigFacts, Error> {
    let unreadable = |reason: String| ConfigFacts::Unreadable { descriptor: descriptor.clone(), reason };
    if !descriptor.media_type.is_image_config() {
        return Ok(unreadable(format!("its media type is {}", descriptor.media_type)));
    }
    match small_blob(source, descriptor, MAX_CONFIG_BYTES) {
        Ok(bytes) => Ok(match ImageConfig::parse(&bytes) {
            Ok(config) => ConfigFacts::Read { descriptor: Some(descriptor.clone()), config: Box::new(config) },
            Err(error) => unreadable(error.to_string()),
        }),
        Err(error) if is_missing(&error) => Ok(ConfigFacts::Missing(descriptor.clone())),
        Err(error @ (Error::WrongDigest { .. } | Error::Malformed { .. })) => Ok(unreadable(error.to_string())),
        Err(error) => Err(error),
    }
}

fn is_missing(error: &Error) -> bool {
    matches!(error, Error::MissingBlob { .. })
}

/// What was learnt of one blob.
#[derive(Clone)]
struct Looked {
    sample: Evidence<Sample>,
    content: Evidence<Content>,
    remembered: bool,
}

fn look_at_layers(
    source: &dyn Source,
    layers: &[Descriptor],
    depth: Needs,
    recall: Recall<'_>,
    progress: &dyn Progress,
) -> Result<Vec<LayerFacts>, Error> {
    // A digest that occurs twice is looked at once.
    let mut unique: Vec<&Descriptor> = Vec::new();
    let mut position: HashMap<&Digest, usize> = HashMap::new();
    for layer in layers {
        position.entry(&layer.digest).or_insert_with(|| {
            unique.push(layer);
            unique.len() - 1
        });
    }
    let looked = match depth {
        Needs::Manifest => unique.iter().map(|_| not_looked()).collect(),
        Needs::Bytes => {
            let sampled = parallel::map(&unique, REQUESTS_AT_ONCE, |_, layer| sample_layer(source, layer));
            sampled.into_iter().collect::<Result<Vec<_>, _>>()?
        }
        Needs::Files | Needs::Run => whole_layers(source, &unique, recall, progress)?,
    };
    let fact = |layer: &Descriptor| {
        let Looked { sample, content, remembered } = looked[position[&layer.digest]].clone();
        LayerFacts { descriptor: None, diff_id: None, sample, content, remembered }
    };
    Ok(layers.iter().map(fact).collect())
}

fn not_looked() -> Looked {
    let reason = "only the manifest and the config were looked at (--depth manifest)";
    Looked {
        sample: Evidence::NotLooked(reason.into()),
        content: Evidence::NotLooked(reason.into()),
        remembered: false,
    }
}

fn missing() -> Looked {
    Looked {
        sample: Evidence::Known(Sample::Missing),
        content: Evidence::NotLooked("a layer's blob is missing".into()),
        remembered: false,
    }
}

fn sample_layer(source: &dyn Source, layer: &Descriptor) -> Result<Looked, Error> {
    let Some(beginning) = source.beginning(layer, SNIFF_BYTES)? else { return Ok(missing()) };
    Ok(Looked {
        sample: Evidence::Known(Sample::Present { actual: sniff(&beginning.bytes), stored: beginning.stored }),
        content: Evidence::NotLooked("only the first bytes of each layer were looked at (--depth bytes)".into()),
        remembered: false,
    })
}

/// Everything that is in layers: of those that are remembered a sample, of the others each byte.
fn whole_layers(
    source: &dyn Source,
    layers: &[&Descriptor],
    recall: Recall<'_>,
    progress: &dyn Progress,
) -> Result<Vec<Looked>, Error> {
    let recalled = parallel::map(layers, REQUESTS_AT_ONCE, |_, layer| recall_layer(source, layer, recall));
    let recalled = recalled.into_iter().collect::<Result<Vec<_>, _>>()?;
    let unread = layers.iter().zip(&recalled).filter_map(|(layer, known)| known.is_none().then_some(*layer));
    let unread: Vec<&Descriptor> = unread.collect();
    let pipeline = unread.len() < parallel::cores();
    let read = |_, layer: &&Descriptor| read_whole(source, layer, pipeline, recall, progress);
    let mut read = parallel::map(&unread, parallel::cores(), read).into_iter();
    if let Some(memory) = recall.memory().filter(|_| !unread.is_empty()) {
        memory.make_room();
    }
    recalled.into_iter().filter_map(|known| known.map(Ok).or_else(|| read.next())).collect()
}

/// A layer as it is remembered, if its blob is still there and what can be seen of it from outside is the same. Else
/// `None`: then it is read, and what is wrong is found.
fn recall_layer(source: &dyn Source, layer: &Descriptor, recall: Recall<'_>) -> Result<Option<Looked>, Error> {
    let Some(known) = recall.find(&layer.digest) else { return Ok(None) };
    let Some(beginning) = source.beginning(layer, SNIFF_BYTES)? else { return Ok(Some(missing())) };
    let stored = beginning.stored.unwrap_or(known.content.size);
    if stored != known.content.size || Digest::of(&beginning.bytes) != known.beginning {
        return Ok(None);
    }
    Ok(Some(Looked {
        sample: Evidence::Known(Sample::Present { actual: sniff(&beginning.bytes), stored: Some(stored) }),
        content: Evidence::Known(known.content),
        remembered: true,
    }))
}

fn read_whole(
    source: &dyn Source,
    layer: &Descriptor,
    pipeline: bool,
    recall: Recall<'_>,
    progress: &dyn Progress,
) -> Result<Looked, Error> {
    let reader = match source.blob(layer) {
        Ok(reader) => reader,
        Err(error) if is_missing(&error) => return Ok(missing()),
        Err(error) => return Err(error),
    };
    let broken =
        |error| Error::Stream { what: format!("layer {}", layer.digest), place: source.place(), source: error };
    let what = format!("reading {}", layer.digest.short());
    let mut reader = Counted::new(reader, progress.transfer(&what, Some(layer.size)));
    let first = read_first(&mut reader).map_err(broken)?;
    let (actual, beginning) = (sniff(&first), Digest::of(&first));
    let content = read_layer(Cursor::new(first).chain(reader), &ReadOptions { pipeline }).map_err(broken)?;
    if let Some(memory) = recall.memory() {
        memory.keep(&layer.digest, &beginning, &content);
    }
    Ok(Looked {
        sample: Evidence::Known(Sample::Present { actual, stored: Some(content.size) }),
        content: Evidence::Known(content),
        remembered: false,
    })
}

fn read_first(reader: &mut impl Read) -> std::io::Result<Bytes> {
    let mut first = Vec::with_capacity(SNIFF_BYTES);
    reader.take(SNIFF_BYTES as u64).read_to_end(&mut first)?;
    Ok(first.into())
}
