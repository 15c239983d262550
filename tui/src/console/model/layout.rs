//! Where things are on screen, from its size alone. The smallest screen is 40 by 10.

use ratatui::layout::Rect;

/// The terminal, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// Fewer columns than this show nothing but a request for more.
pub const WIDTH_MIN: u16 = 40;
/// Fewer rows than this show nothing but a request for more.
pub const HEIGHT_MIN: u16 = 10;
/// From so many columns on, list and details stand side by side.
const SIDE_BY_SIDE_MIN: u16 = 90;
/// From so many rows on, details stand below the list.
const BELOW_MIN: u16 = 20;
/// Rows of the details' head: what it is, and how it stands.
pub const HEAD_ROWS: u16 = 2;

/// The parts of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Areas {
    /// Who, where, whether connected, how many wait; and the views.
    pub title: Rect,
    /// What is wrong with the server's config; empty where nothing is.
    pub alarm: Rect,
    /// The rows; empty where details fill the screen.
    pub list: Rect,
    /// The details' head.
    pub head: Rect,
    /// The details; empty where the list fills the screen.
    pub details: Rect,
    /// What was just said.
    pub notice: Rect,
    /// The keys.
    pub keys: Rect,
    /// All between title and notice.
    pub body: Rect,
}

impl Size {
    /// True where the console can be used.
    #[must_use]
    pub fn is_enough(self) -> bool {
        self.width >= WIDTH_MIN && self.height >= HEIGHT_MIN
    }

    /// The parts; `open` where the person wants details over the whole screen, `alarm` where something is to be told until it is
    /// mended.
    #[must_use]
    pub fn areas(self, open: bool, alarm: bool) -> Areas {
        let Self { width, height } = self;
        let row = |y: u16| Rect { x: 0, y: y.min(height), width, height: u16::from(y < height) };
        let title_rows = if width < 100 { 2 } else { 1 };
        let alarm = Rect { height: u16::from(alarm && title_rows < height), ..row(title_rows) };
        let above = title_rows + alarm.height;
        let body = Rect { x: 0, y: above, width, height: height.saturating_sub(above + 2) };
        let (list, pane) = split(body, open);
        let head = Rect { height: pane.height.min(HEAD_ROWS), ..pane };
        let details = Rect { y: pane.y + head.height, height: pane.height.saturating_sub(head.height), ..pane };
        let title = Rect { x: 0, y: 0, width, height: title_rows.min(height) };
        Areas {
            title,
            alarm,
            list,
            head,
            details,
            notice: row(height.saturating_sub(2)),
            keys: row(height.saturating_sub(1)),
            body,
        }
    }
}

fn split(body: Rect, open: bool) -> (Rect, Rect) {
    let none = Rect { width: 0, height: 0, ..body };
    if open {
        return (none, body);
    }
    if body.width >= SIDE_BY_SIDE_MIN {
        let left = body.width * 2 / 5;
        let right = Rect { x: left + 2, width: body.width - left - 2, ..body };
        return (Rect { width: left, ..body }, right);
    }
    if body.height >= BELOW_MIN - 4 {
        // What is decided is read in the details: they take two thirds.
        let above = body.height / 3;
        let below = Rect { y: body.y + above + 1, height: body.height - above - 1, ..body };
        return (Rect { height: above, ..body }, below);
    }
    (body, none)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_leaves_the_screen_and_list_and_details_never_overlap() {
        for (width, height) in (0..200).step_by(7).flat_map(|width| (0..60).map(move |height| (width, height))) {
            for (open, alarm) in [(false, false), (true, false), (false, true), (true, true)] {
                let areas = Size { width, height }.areas(open, alarm);
                for part in [areas.title, areas.alarm, areas.list, areas.head, areas.details, areas.notice, areas.keys]
                {
                    assert!(
                        part.is_empty() || (part.right() <= width && part.bottom() <= height),
                        "{width}x{height} {part:?}"
                    );
                }
                assert!(areas.list.intersection(areas.details).is_empty(), "{width}x{height}");
            }
        }
    }

    #[test]
    fn the_smallest_screen_shows_at_least_four_rows_of_either() {
        let size = Size { width: WIDTH_MIN, height: HEIGHT_MIN };
        assert!(size.areas(false, true).list.height >= 4);
        assert!(size.areas(true, true).details.height >= 3);
    }
}
