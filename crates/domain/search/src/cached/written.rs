//! An answer as an edge has written it, kept beside the answer: what is given again need not be
//! written again.

use std::{
    any::Any,
    fmt,
    sync::{Arc, OnceLock},
};

/// What an edge made of an answer, if it did. Clones share it.
#[derive(Clone)]
pub struct Written(Arc<Slot>);

struct Slot {
    most: usize,
    kept: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl Written {
    /// Nothing yet; and nothing of more than so many bytes later.
    #[must_use]
    pub fn at_most(bytes: usize) -> Self {
        Self(Arc::new(Slot { most: bytes, kept: OnceLock::new() }))
    }

    /// What was written, if that was of this kind; each kind of edge has its own.
    #[must_use]
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.kept.get().and_then(|kept| kept.downcast_ref())
    }

    /// Keeps what was written and takes so many bytes, unless that is too much, or something is kept.
    pub fn keep<T: Any + Send + Sync>(&self, written: T, bytes: usize) {
        if bytes <= self.0.most {
            let _ = self.0.kept.set(Box::new(written));
        }
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Written").field("is_kept", &self.0.kept.get().is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_kept_once_and_given_to_its_own_kind() {
        let written = Written::at_most(5);
        written.keep("too long".to_owned(), 8);
        assert_eq!(written.get::<String>(), None);
        written.clone().keep("first".to_owned(), 5);
        written.keep("later".to_owned(), 5);
        assert_eq!(written.get::<String>().map(String::as_str), Some("first"));
        assert_eq!(written.get::<u8>(), None);
    }
}
