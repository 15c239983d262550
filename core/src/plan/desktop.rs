//! The person's own programs as commands.

use ccc_protocol::bodies::{OWNERS_TASK, ProblemType};

use crate::{catalogue::Template, law::Desktop, refusal::Refusal};

/// Which of the person's own programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Editor,
    Browser,
    Terminal,
}

impl Place {
    pub(crate) const ALL: [Self; 3] = [Self::Editor, Self::Browser, Self::Terminal];

    /// What its arguments call the value.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Editor | Self::Terminal => "path",
            Self::Browser => "url",
        }
    }

    /// Its key under `[desktop]`.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Editor => "editor",
            Self::Browser => "browser",
            Self::Terminal => "terminal",
        }
    }

    /// What may stand under that key.
    fn example(self) -> &'static str {
        match self {
            Self::Editor => r#"["code", "{path}"]"#,
            Self::Browser => r#"["firefox", "{url}"]"#,
            Self::Terminal => r#"["x-terminal-emulator"]"#,
        }
    }

    pub(crate) fn words(self, desktop: &Desktop) -> Option<&Vec<String>> {
        match self {
            Self::Editor => desktop.editor.as_ref(),
            Self::Browser => desktop.browser.as_ref(),
            Self::Terminal => desktop.terminal.as_ref(),
        }
    }

    /// The arguments that these words are. An editor or browser without a place for its file or address gets it last;
    /// a terminal starts in its directory and needs none.
    pub(crate) fn arguments(self, words: &[String]) -> Result<Vec<Template>, String> {
        let mut templates = words
            .iter()
            .map(|word| Template::parse(word))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| error.to_string())?;
        if let Some(other) = templates.iter().flat_map(Template::places).find(|name| *name != self.name()) {
            return Err(format!("`{{{other}}}` has no meaning here: write `{{{}}}`", self.name()));
        }
        let named = templates.iter().any(|template| template.places().next().is_some());
        if !named && self != Self::Terminal {
            templates.extend(Template::parse(&format!("{{{}}}", self.name())));
        }
        Ok(templates)
    }
}

/// Program and arguments, where the owner has set them up.
pub(super) fn program(desktop: &Desktop, place: Place) -> Result<(String, Vec<Template>), Refusal> {
    let key = place.key();
    let refuse = |detail: String| Refusal::new(ProblemType::InvalidParameter, detail);
    let words = place.words(desktop).and_then(|words| words.split_first());
    let (program, words) = words.ok_or_else(|| {
        let example = place.example();
        refuse(format!(
            "this bridge has no {key}: {OWNERS_TASK} adds `{key} = {example}` under `[desktop]` in its config"
        ))
    })?;
    // Read before, when the config was: this only fails where that was left out.
    let templates =
        place.arguments(words).map_err(|why| refuse(format!("the {key} of this bridge is not usable")).because(why))?;
    Ok((program.clone(), templates))
}
