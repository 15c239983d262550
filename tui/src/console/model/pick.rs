//! A cursor over a short list that is read whole.

/// Where the cursor and the first row on screen are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pick {
    /// The row under the cursor.
    pub at: usize,
    /// The first row on screen.
    pub top: usize,
    height: usize,
}

impl Pick {
    /// Moves the cursor by so many rows of so many.
    pub fn step(&mut self, rows: isize, count: usize) {
        self.at = self.at.saturating_add_signed(rows).min(count.saturating_sub(1));
        self.keep_in_sight();
    }

    /// Tells how many rows the pane has.
    pub fn resize(&mut self, height: usize) {
        self.height = height;
        self.keep_in_sight();
    }

    /// How many rows the pane has.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    fn keep_in_sight(&mut self) {
        self.top = self.top.min(self.at).max((self.at + 1).saturating_sub(self.height.max(1)));
    }
}
