//! Pages of a list.

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    page: u32,
    limit: u32,
}

impl PageRequest {
    /// The most that one page holds.
    pub const MAX_LIMIT: u32 = 100;
    /// What a page holds when nothing is said.
    pub const DEFAULT_LIMIT: u32 = 20;

    /// Page `page` (from 1) of `limit` items (1–100); `None` outside these bounds.
    #[must_use]
    pub fn new(page: u32, limit: u32) -> Option<Self> {
        (page >= 1 && (1..=Self::MAX_LIMIT).contains(&limit)).then_some(Self { page, limit })
    }

    /// The page's number, from 1.
    #[must_use]
    pub fn page(self) -> u32 {
        self.page
    }

    /// How many items a page holds.
    #[must_use]
    pub fn limit(self) -> u32 {
        self.limit
    }

    /// How many items come before this page.
    #[must_use]
    pub fn offset(self) -> u64 {
        u64::from(self.page - 1) * u64::from(self.limit)
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { page: 1, limit: Self::DEFAULT_LIMIT }
    }
}

/// One page of a list, and how long the list is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// How many items the whole list has.
    pub total: u64,
}
