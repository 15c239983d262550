//! A row of text with its tones, before any colour is chosen.

use super::{Visible, wrap};

/// What a piece of text is, so that a theme can choose how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Tone {
    /// Ordinary.
    #[default]
    Plain,
    /// Of less weight.
    Dim,
    /// Of more weight.
    Strong,
    /// The head of a section or pane.
    Title,
    /// A parameter's name or a key.
    Name,
    /// What an agent wrote.
    Agent,
    /// What deserves care; always beside a word or sign that says so.
    Care,
    /// A word of a command that sends, fetches, runs or removes.
    Danger,
    /// Went well.
    Good,
    /// Went wrong.
    Bad,
    /// Taken away, in a diff; always beside a `-`.
    Removed,
    /// Added, in a diff; always beside a `+`.
    Added,
    /// The host of a URL, set off from the rest.
    Host,
}

/// Text in one tone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Piece {
    /// The text.
    pub text: Visible,
    /// What it is.
    pub tone: Tone,
}

/// Pieces side by side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row(pub Vec<Piece>);

impl Row {
    /// An empty row.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One piece more.
    #[must_use]
    pub fn with(mut self, tone: Tone, text: impl Into<Visible>) -> Self {
        self.push(tone, text);
        self
    }

    /// One piece more.
    pub fn push(&mut self, tone: Tone, text: impl Into<Visible>) {
        self.0.push(Piece { text: text.into(), tone });
    }

    /// In cells.
    #[must_use]
    pub fn width(&self) -> usize {
        self.0.iter().map(|piece| piece.text.width()).sum()
    }

    /// All pieces as one text.
    #[must_use]
    pub fn text(&self) -> Visible {
        self.0.iter().map(|piece| piece.text.clone()).collect()
    }

    /// At most so many cells; what was cut shows as `…`.
    #[must_use]
    pub fn cut(&self, cells_max: usize) -> Self {
        if self.width() <= cells_max {
            return self.clone();
        }
        let mut left = cells_max;
        let mut cut = Self::new();
        for piece in &self.0 {
            let width = piece.text.width();
            if width >= left {
                cut.push(piece.tone, piece.text.split(left.saturating_sub(1)).0.then("…"));
                break;
            }
            cut.push(piece.tone, piece.text.clone());
            left -= width;
        }
        cut
    }

    /// All of it in rows of so many cells, each piece in its tone: it breaks where the whole text would.
    #[must_use]
    pub fn folded(&self, cells_max: usize) -> Vec<Self> {
        let mut pieces = self.0.iter().cloned();
        let mut rest = pieces.next();
        let mut rows = vec![];
        for line in wrap(&self.text(), cells_max) {
            let (mut row, mut bytes) = (Self::new(), line.as_str().len());
            while let Some(piece) = rest.take() {
                let length = piece.text.as_str().len();
                if length > bytes {
                    row.push(piece.tone, piece.text.between(0, bytes));
                    rest = Some(Piece { text: piece.text.between(bytes, length), tone: piece.tone });
                    break;
                }
                bytes -= length;
                row.push(piece.tone, piece.text);
                rest = pieces.next();
                if bytes == 0 && rest.is_some() {
                    break;
                }
            }
            rows.push(row);
        }
        rows
    }

    /// The last piece wrapped to the width, each further row beginning with this margin.
    #[must_use]
    pub fn wrapped(mut self, cells_max: usize, margin: &Visible) -> Vec<Self> {
        let Some(last) = self.0.pop() else { return vec![self] };
        let first_max = cells_max.saturating_sub(self.width());
        if last.text.width() <= first_max {
            return vec![self.with(last.tone, last.text)];
        }
        let room = cells_max.saturating_sub(margin.width());
        // Beside a long head there is too little room to begin in its row.
        let begins_beside = first_max * 2 >= cells_max;
        let mut texts = wrap(&last.text, if begins_beside { first_max.min(room) } else { room }).into_iter();
        let first = if begins_beside { self.with(last.tone, texts.next().unwrap_or_default()) } else { self };
        let rest = texts.map(|text| Self::new().with(Tone::Dim, margin.clone()).with(last.tone, text));
        std::iter::once(first).filter(|row| !row.0.is_empty()).chain(rest).collect()
    }
}
