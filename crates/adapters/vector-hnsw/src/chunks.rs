//! Many rows of equal width that never move once they are there: growing copies nothing.

/// How many rows are allocated at a time.
const ROWS: usize = 1_024;

/// Rows of `width` values each.
#[derive(Debug)]
pub(crate) struct Chunks<T> {
    width: usize,
    parts: Vec<Vec<T>>,
    len: usize,
}

impl<T: Copy> Chunks<T> {
    /// No rows. The width is not 0.
    pub(crate) fn new(width: usize) -> Self {
        Self { width, parts: Vec::new(), len: 0 }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds a row, which has to be as wide as the others.
    pub(crate) fn push(&mut self, row: &[T]) {
        debug_assert_eq!(row.len(), self.width, "rows are equally wide");
        if self.len.is_multiple_of(ROWS) {
            self.parts.push(Vec::with_capacity(ROWS * self.width));
        }
        if let Some(last) = self.parts.last_mut() {
            last.extend_from_slice(row);
        }
        self.len += 1;
    }

    pub(crate) fn row(&self, at: usize) -> &[T] {
        let start = at % ROWS * self.width;
        &self.parts[at / ROWS][start..start + self.width]
    }

    pub(crate) fn row_mut(&mut self, at: usize) -> &mut [T] {
        let start = at % ROWS * self.width;
        &mut self.parts[at / ROWS][start..start + self.width]
    }
}
