//! The user's own arguments for the builder: what stays as it is, what is understood, what contradicts.

use lambark_oci::Architecture;

/// What the arguments say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// What the builder gets as it is.
    pub kept: Vec<String>,
    /// Platforms that were named.
    pub platforms: Vec<String>,
    /// How the image is to be written (`compression=zstd`), from `--output`.
    pub attributes: Vec<String>,
    /// `--builder`.
    pub builder: Option<String>,
    /// The argument that asks for an attestation.
    pub attested: Option<String>,
    /// `--layers`.
    pub layers: Option<bool>,
}

/// Kinds of output that are an image; lambark takes each in its own way.
const IMAGE_OUTPUTS: [&str; 4] = ["image", "registry", "oci", "docker"];

/// Attributes of an output that say where to, not how.
const PLACES: [&str; 8] = ["name", "push", "push-by-digest", "dest", "store", "unpack", "registry.insecure", "tar"];

impl Arguments {
    /// Reads the arguments.
    ///
    /// # Errors
    /// The reason why one of them cannot be.
    pub fn read(arguments: &[String]) -> Result<Arguments, String> {
        let mut read = Arguments::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let (name, attached) = split(argument);
            if let Some(reason) = contradicts(name) {
                return Err(format!("{argument} among the builder's arguments: {reason}"));
            }
            let mut value = || match attached {
                Some(value) => Ok(value.to_owned()),
                None => rest
                    .next()
                    .cloned()
                    .ok_or_else(|| format!("{argument} among the builder's arguments lacks its value")),
            };
            match name {
                "output" | "o" => read.attributes.extend(attributes(&value()?)?),
                "platform" => read.platforms.extend(value()?.split(',').map(str::to_owned)),
                "builder" => {
                    let value = value()?;
                    read.kept.push(format!("--builder={value}"));
                    read.builder = Some(value);
                }
                "provenance" | "sbom" | "attest" => {
                    let value = value()?;
                    let argument = format!("--{name}={value}");
                    if asks_for_attestation(name, &value) {
                        read.attested = Some(argument.clone());
                    }
                    read.kept.push(argument);
                }
                "layers" => {
                    read.layers = Some(attached != Some("false"));
                    read.kept.push(argument.clone());
                }
                _ => read.kept.push(argument.clone()),
            }
        }
        Ok(read)
    }

    /// The one platform to build for, and its architecture.
    ///
    /// # Errors
    /// When there are several and `wanted` picks none of them, or it is none of Lambda's.
    pub fn platform(&self, wanted: Option<Architecture>) -> Result<Option<(String, Architecture)>, String> {
        let of = |platform: &str| Architecture::of_image(platform.split('/').nth(1).unwrap_or_default());
        let named = self.platforms.join(",");
        match (self.platforms.as_slice(), wanted) {
            ([], None) => Ok(None),
            ([], Some(wanted)) => Ok(Some((format!("linux/{}", wanted.image_word()), wanted))),
            (platforms, Some(wanted)) => {
                let fits = platforms.iter().find(|platform| of(platform) == Some(wanted));
                let fits = fits.ok_or_else(|| format!("--platform {named} does not hold {wanted}"))?;
                Ok(Some((fits.clone(), wanted)))
            }
            ([one], None) => match of(one) {
                Some(architecture) => Ok(Some((one.clone(), architecture))),
                None => Err(format!("--platform {named}: Lambda runs linux/amd64 and linux/arm64")),
            },
            (_, None) => Err(format!(
                "--platform {named} gives several images, and Lambda takes one: pick it with --arch x86_64 or --arch arm64"
            )),
        }
    }
}

/// A flag's name and the value that is attached to it. Anything else has an empty name.
fn split(argument: &str) -> (&str, Option<&str>) {
    if let Some(long) = argument.strip_prefix("--") {
        return match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, None),
        };
    }
    match argument.strip_prefix('-') {
        Some(short) if short.is_char_boundary(1) && !short.is_empty() => {
            let (name, value) = short.split_at(1);
            let value = value.strip_prefix('=').unwrap_or(value);
            (name, (!value.is_empty()).then_some(value))
        }
        _ => ("", None),
    }
}

/// Why a flag cannot be left to the builder.
fn contradicts(name: &str) -> Option<&'static str> {
    Some(match name {
        "push" | "load" => "lambark takes the image, mends it and writes it itself: say where to with --output",
        "tag" | "t" => "the builder's store is not where the image goes: name it with lambark's own --output and --tag",
        "file" | "f" => "give --file to lambark, before the `--`",
        "iidfile" | "manifest" => "the image that the builder makes is not yet the one that lambark writes",
        "print" | "call" | "check" => "that builds no image",
        "oci-mediatypes" => {
            "no builder has that flag; it is an attribute of an output, and lambark writes media types that Lambda takes"
        }
        _ => return None,
    })
}

/// What an `--output` says of how the image is written.
fn attributes(output: &str) -> Result<Vec<String>, String> {
    let pairs: Vec<&str> = output.split(',').collect();
    let kind = pairs.iter().find_map(|pair| pair.strip_prefix("type="));
    match kind {
        Some(kind) if IMAGE_OUTPUTS.contains(&kind) => {}
        _ => return Err(format!("--output {output} among the builder's arguments is no image")),
    }
    let key = |pair: &&str| pair.split('=').next().unwrap_or_default().to_owned();
    let how = pairs.into_iter().filter(|pair| key(pair) != "type");
    let (places, how): (Vec<&str>, Vec<&str>) = how.partition(|pair| PLACES.contains(&key(pair).as_str()));
    if let Some(place) = places.first() {
        return Err(format!(
            "{place} in --output among the builder's arguments: lambark writes the image itself: say where to with its \
             own --output; what says how (compression=…) may stay"
        ));
    }
    Ok(how.into_iter().map(str::to_owned).collect())
}

fn asks_for_attestation(name: &str, value: &str) -> bool {
    match name {
        "attest" => !value.split(',').any(|part| part == "disabled=true"),
        _ => value != "false",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(text: &str) -> Result<Arguments, String> {
        Arguments::read(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_user_s_caches_secrets_and_arguments_stay() {
        let text = "--cache-from type=gha --secret id=x,src=y --build-arg A=b --target t --ssh default --label a=b -q";
        assert_eq!(read(text).unwrap().kept.join(" "), text);
    }

    #[test]
    fn what_is_asked_of_attestations_is_known() {
        for (text, asks) in [
            ("--provenance=false", false),
            ("--provenance false --sbom=false", false),
            ("--provenance=mode=max", true),
            ("--sbom true", true),
            ("--attest type=sbom", true),
            ("--attest type=provenance,disabled=true", false),
        ] {
            assert_eq!(read(text).unwrap().attested.is_some(), asks, "{text}");
        }
    }

    #[test]
    fn how_an_image_is_written_is_taken_from_its_output_and_where_is_not() {
        let how = read("-o type=image,compression=zstd,force-compression=true").unwrap();
        assert_eq!(how.attributes, ["compression=zstd", "force-compression=true"]);
        assert!(how.kept.is_empty());
        for (text, told) in [
            ("--output=type=image,push=true", "push=true"),
            ("--output type=registry,name=x.io/a", "name=x.io/a"),
            ("-otype=local,dest=x", "is no image"),
            ("--output out.tar", "is no image"),
            ("--output", "lacks its value"),
            ("--push", "itself"),
            ("-t app", "--tag"),
            ("--tag=app", "--tag"),
            ("--oci-mediatypes=false", "no builder has that flag"),
            ("-f Dockerfile", "before the `--`"),
        ] {
            assert!(read(text).unwrap_err().contains(told), "{text}: {}", read(text).unwrap_err());
        }
    }

    #[test]
    fn one_platform_is_built() {
        let x86 = Some(Architecture::X86_64);
        let of = |text: &str, wanted| read(text).unwrap().platform(wanted);
        assert_eq!(of("", None).unwrap(), None);
        assert_eq!(of("", x86).unwrap().unwrap().0, "linux/amd64");
        assert_eq!(
            of("--platform linux/arm64/v8", None).unwrap().unwrap(),
            ("linux/arm64/v8".into(), Architecture::Arm64)
        );
        assert_eq!(of("--platform linux/amd64,linux/arm64", x86).unwrap().unwrap().0, "linux/amd64");
        let several = of("--platform linux/amd64 --platform=linux/arm64", None).unwrap_err();
        assert_eq!(
            several,
            "--platform linux/amd64,linux/arm64 gives several images, and Lambda takes one: pick it with --arch x86_64 or --arch arm64"
        );
        assert!(of("--platform linux/arm64", x86).unwrap_err().ends_with("does not hold x86_64"));
        assert!(of("--platform linux/riscv64", None).unwrap_err().contains("Lambda runs"));
    }
}
