//! Lambark's part of a file that is somebody else's, between two marks.

/// How the marks are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marks {
    /// `<!-- lambark:begin -->`
    Markdown,
    /// `# lambark:begin`
    Hash,
}

impl Marks {
    pub(super) fn begin(self) -> &'static str {
        match self {
            Marks::Markdown => "<!-- lambark:begin -->",
            Marks::Hash => "# lambark:begin",
        }
    }

    pub(super) fn end(self) -> &'static str {
        match self {
            Marks::Markdown => "<!-- lambark:end -->",
            Marks::Hash => "# lambark:end",
        }
    }
}

/// Where the marks stand: the begin of the first line, its indentation, the end of the last line without line end.
pub(super) struct Place {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) indent: String,
}

/// The marks of a file; the error is why they are none that can be trusted.
pub(super) fn find(text: &str, marks: Marks) -> Result<Option<Place>, String> {
    let lines = || {
        text.split_inclusive('\n').scan(0, |at, line| {
            let start = *at;
            *at += line.len();
            Some((start, line.trim_end_matches(['\n', '\r'])))
        })
    };
    let mut begins = lines().filter(|(_, line)| line.trim() == marks.begin());
    let mut ends = lines().filter(|(_, line)| line.trim() == marks.end());
    match (begins.next(), ends.next(), begins.next().or_else(|| ends.next())) {
        (None, None, _) => Ok(None),
        (Some((start, first)), Some((last, line)), None) if last > start => {
            let indent = first[..first.len() - first.trim_start().len()].to_owned();
            Ok(Some(Place { start, end: last + line.len(), indent }))
        }
        _ => Err(format!("its marks `{}` and `{}` do not belong together", marks.begin(), marks.end())),
    }
}

/// The lines with their marks, indented, in the file's own line ends, without the last one.
pub(super) fn render(body: &str, marks: Marks, indent: &str, line_end: &str) -> String {
    let lines = std::iter::once(marks.begin()).chain(body.lines()).chain(std::iter::once(marks.end()));
    let indented = lines.map(|line| if line.is_empty() { String::new() } else { format!("{indent}{line}") });
    indented.collect::<Vec<String>>().join(line_end)
}

pub(super) fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// The file with `body` between the marks: in their place, or else at its end.
pub(super) fn put(old: Option<&str>, marks: Marks, body: &str) -> Result<String, String> {
    let Some(old) = old else { return Ok(render(body, marks, "", "\n") + "\n") };
    let line_end = line_end(old);
    if let Some(place) = find(old, marks)? {
        let block = render(body, marks, &place.indent, line_end);
        return Ok(format!("{}{block}{}", &old[..place.start], &old[place.end..]));
    }
    let block = render(body, marks, "", line_end);
    let between = match old {
        "" => String::new(),
        old if old.ends_with('\n') => line_end.to_owned(),
        _ => line_end.repeat(2),
    };
    Ok(format!("{old}{between}{block}{line_end}"))
}
