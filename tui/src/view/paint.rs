//! From rows to cells. Only a [`Visible`] gets here, so no cell ever holds what a terminal obeys.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color, Style},
};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use crate::{
    text::{Row, Tone, Visible},
    view::theme::Theme,
};

/// Paints into one buffer with one theme.
#[derive(Debug)]
pub struct Painter<'a> {
    buffer: &'a mut Buffer,
    theme: Theme,
}

impl<'a> Painter<'a> {
    /// Onto this buffer.
    pub fn new(buffer: &'a mut Buffer, theme: Theme) -> Self {
        Self { buffer, theme }
    }

    /// Rows from the top of the area down, as far as it goes.
    pub fn rows<'r>(&mut self, area: Rect, rows: impl IntoIterator<Item = &'r Row>) {
        for (y, row) in (area.y..area.bottom()).zip(rows) {
            self.row(Rect { y, height: 1, ..area }, row);
        }
    }

    /// One row into the first line of the area, cut visibly where it is longer.
    pub fn row(&mut self, area: Rect, row: &Row) {
        let cells_max = area.width.into();
        let cut = (row.width() > cells_max).then(|| row.cut(cells_max));
        let mut x = area.x;
        for piece in &cut.as_ref().unwrap_or(row).0 {
            x = self.text(x, area, &piece.text, self.theme.style(piece.tone));
        }
    }

    fn text(&mut self, x: u16, area: Rect, text: &Visible, style: Style) -> u16 {
        if text.as_str().is_ascii() {
            return self.ascii(x, area, text.as_str(), style);
        }
        self.clusters(x, area, text.as_str(), style)
    }

    /// Most of what there is to paint: a cell a byte, without a search for what belongs together.
    fn ascii(&mut self, x: u16, area: Rect, text: &str, style: Style) -> u16 {
        let mut at = x;
        for (x, symbol) in (x..area.right()).zip(text.as_bytes().chunks(1)) {
            self.cell(x, area.y, std::str::from_utf8(symbol).unwrap_or(" "), style);
            at = x + 1;
        }
        at
    }

    fn clusters(&mut self, mut x: u16, area: Rect, text: &str, style: Style) -> u16 {
        for cluster in text.graphemes(true) {
            let width = u16::try_from(cluster.width()).unwrap_or(u16::MAX);
            if x.saturating_add(width) > area.right() {
                break;
            }
            self.cell(x, area.y, cluster, style);
            for covered in x + 1..x + width.max(1) {
                self.cell(covered, area.y, "", style);
            }
            x += width;
        }
        x
    }

    #[expect(clippy::disallowed_methods, reason = "the one place where cells are filled, with what is visible")]
    fn cell(&mut self, x: u16, y: u16, symbol: &str, style: Style) {
        if let Some(cell) = self.buffer.cell_mut((x, y)) {
            cell.reset();
            if !symbol.is_empty() {
                cell.set_symbol(symbol);
            }
            cell.set_style(style);
        }
    }

    /// The whole area as the row under the cursor; the row itself says so with a sign too.
    /// What is grave or odd keeps its colour in it, all else has one.
    pub fn select(&mut self, area: Rect) {
        let told = [Tone::Bad, Tone::Care].map(|tone| self.theme.style(tone).fg);
        let plain = self.theme.style(Tone::Plain).fg.unwrap_or(Color::Reset);
        for position in area.positions() {
            if let Some(cell) = self.buffer.cell_mut(position)
                && !told.contains(&Some(cell.fg))
            {
                cell.fg = plain;
            }
        }
        self.buffer.set_style(area, self.theme.selected());
    }

    /// The area filled with one tone's background, as title and key bar are.
    pub fn bar(&mut self, area: Rect) {
        let (style, text) = (self.theme.bar(), self.theme.bar_text());
        for position in area.positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.set_style(style);
                if cell.fg == Color::Reset {
                    cell.fg = text;
                }
            }
        }
    }

    /// Nothing but spaces.
    pub fn clear(&mut self, area: Rect) {
        for (y, x) in (area.y..area.bottom()).flat_map(|y| (area.x..area.right()).map(move |x| (y, x))) {
            self.cell(x, y, " ", Style::reset());
        }
    }

    /// A line down the left edge of the area.
    pub fn edge(&mut self, area: Rect) {
        let style = self.theme.style(Tone::Dim);
        for y in area.y..area.bottom() {
            self.cell(area.x, y, "│", style);
        }
    }

    /// A line along the top of the area.
    pub fn rule(&mut self, area: Rect) {
        let style = self.theme.style(Tone::Dim);
        for x in area.x..area.right() {
            self.cell(x, area.y, "─", style);
        }
    }
}
