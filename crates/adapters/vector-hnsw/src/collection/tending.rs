//! What is done to a collection while nobody waits for it: one thread for all of them does it.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    sync::atomic::Ordering,
};

use super::{Collection, GRAPH, LOG, NEW_GRAPH, REWRITTEN_LOG, State, Writer};
use crate::{error::Fault, files, frame::Frame, graph::Graph, log::Log, snapshot};

/// How many rows are put into the graph before others get their turn.
const ROWS_AT_A_TIME: usize = 256;
/// How many rows go into one frame when a log is written anew.
const ROWS_IN_A_FRAME: u32 = 256;
/// A log is written anew when it has more dead rows than live ones, and these more.
const DEAD_AT_LEAST: usize = 1_000;
/// A graph is saved when it has a tenth more than the one on the disk, and so many more at least.
const UNSAVED_AT_LEAST: usize = 5_000;

impl Collection {
    /// Does some of what there is to do; `true` where there is more.
    pub(crate) fn tend(&self) -> Result<bool, Fault> {
        let (slots, live, in_graph) = match self.state().as_ref() {
            None => return Ok(false),
            Some(State { rows, graph }) => (rows.len(), rows.live(), graph.len()),
        };
        if slots - live > live + DEAD_AT_LEAST {
            self.rewrite()?;
            return Ok(true);
        }
        if live > self.exact_up_to && in_graph < slots {
            for _ in 0..ROWS_AT_A_TIME.min(slots - in_graph) {
                self.link_one();
            }
            return Ok(true);
        }
        if in_graph > self.saved() + UNSAVED_AT_LEAST.max(self.saved() / 10) {
            self.save()?;
        }
        Ok(false)
    }

    /// Puts the next row into the graph. Searches go on while it is planned; this thread alone changes
    /// the graph, so that it is as it was when it is linked.
    fn link_one(&self) {
        let plan = self.state().as_ref().map(|State { rows, graph }| graph.plan(rows));
        if let (Some(plan), Some(state)) = (plan, self.state_mut().as_mut()) {
            state.graph.link(plan);
        }
    }

    /// Saves the graph if there is anything in it that isn't on the disk.
    pub(crate) fn save(&self) -> Result<(), Fault> {
        let generation = match &*self.writer()? {
            Writer { log: Some(log) } => log.generation(),
            Writer { log: None } => return Ok(()),
        };
        let (bytes, slots) = match self.state().as_ref() {
            Some(State { rows, graph }) if graph.len() > self.saved() => {
                (snapshot::written(graph, rows, generation), graph.len())
            }
            _ => return Ok(()),
        };
        let saved = snapshot::save(&bytes, &self.folder.join(NEW_GRAPH), |new| {
            // Whoever dropped it may have begun another in its place.
            match self.writer() {
                Ok(_writer) => files::rename(new, &self.folder.join(GRAPH)),
                Err(_) => Ok(()),
            }
        });
        saved.map_err(Fault::disk("saving a graph"))?;
        self.saved.store(slots, Ordering::Relaxed);
        Ok(())
    }

    /// Writes the log anew, without what is dead. Others write to the old one meanwhile; what they wrote
    /// is taken over at the end.
    fn rewrite(&self) -> Result<(), Fault> {
        let disk = || Fault::disk("writing a log anew");
        let (path, new) = (self.folder.join(LOG), self.folder.join(REWRITTEN_LOG));
        let (position, slots, generation, dimensions) = {
            let writer = self.writer()?;
            let Some(log) = &writer.log else { return Ok(()) };
            let slots = self.state().as_ref().map_or(0, |state| state.rows.len());
            (log.len(), u32::try_from(slots).unwrap_or(u32::MAX), log.generation() + 1, log.dimensions())
        };
        let mut log = Log::create(&new, generation, dimensions).map_err(disk())?;
        for first in (0..slots).step_by(ROWS_IN_A_FRAME as usize) {
            let frame = self.frame_of(first..slots.min(first.saturating_add(ROWS_IN_A_FRAME)));
            log.write(&frame.finish().ok_or(Fault::TooMuch)?).map_err(disk())?;
        }
        log.sync().map_err(disk())?;

        let mut writer = self.writer()?;
        let Some(old) = &mut writer.log else { return Ok(()) };
        let mut since = File::open(&path).map_err(disk())?;
        since.seek(SeekFrom::Start(position)).map_err(disk())?;
        let mut frames = Vec::new();
        since.take(old.len() - position).read_to_end(&mut frames).map_err(disk())?;
        log.write(&frames).map_err(disk())?;
        log.sync().map_err(disk())?;
        // Read before it is believed: after this the old one is gone.
        let (log, rows) = Log::open(&new)?;
        files::rename(&new, &path).map_err(disk())?;
        *old = log;
        *self.state_mut() = Some(State { rows, graph: Graph::new() });
        self.saved.store(0, Ordering::Relaxed);
        tracing::info!(generation, "vectors.log_written_anew");
        Ok(())
    }

    /// The live rows of these slots.
    fn frame_of(&self, slots: std::ops::Range<u32>) -> Frame {
        let mut frame = Frame::new();
        if let Some(State { rows, .. }) = self.state().as_ref() {
            for slot in slots.filter(|slot| rows.is_live(*slot)) {
                let (key, content) = rows.identity(slot);
                frame.put(key, content, rows.vector(slot));
            }
        }
        frame
    }
}
