//! The threads that a model runs on.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
};

use altus4_kernel::PortErrorKind;
use altus4_search::Urgency;
use rayon::ThreadPoolBuilder;

use crate::{
    error::embed_error,
    lanes::Lanes,
    model::{Kernels, Model},
};

/// Starts them: so many for what is urgent, and one for the rest. They end when the lanes are closed.
pub(crate) fn start(model: &Arc<Model>, lanes: &Arc<Lanes>, threads: usize) -> io::Result<()> {
    for number in 0..threads.max(1) {
        spawn(format!("embed-{number}"), model, lanes, Urgency::Now)?;
    }
    spawn("embed-idle".to_owned(), model, lanes, Urgency::Whenever)
}

fn spawn(name: String, model: &Arc<Model>, lanes: &Arc<Lanes>, urgency: Urgency) -> io::Result<()> {
    let (model, lanes) = (Arc::clone(model), Arc::clone(lanes));
    thread::Builder::new().name(name).spawn(move || {
        if urgency == Urgency::Whenever {
            yield_to_others();
        }
        // The engine would share its work among all cores: each of these threads is a pool of its own.
        match ThreadPoolBuilder::new().num_threads(1).use_current_thread().build() {
            Ok(pool) => pool.install(|| work(&model, &lanes, urgency)),
            Err(_) => work(&model, &lanes, urgency),
        }
    })?;
    Ok(())
}

fn work(model: &Model, lanes: &Lanes, urgency: Urgency) {
    let kernels = Kernels::new();
    while let Some((job, range)) = lanes.take(urgency) {
        let texts: Vec<&str> = job.texts[range.clone()].iter().map(String::as_str).collect();
        // A text that breaks the engine costs its own request alone.
        match catch_unwind(AssertUnwindSafe(|| model.embed(&kernels, &texts, job.kind))) {
            Ok(vectors) => job.put(range, vectors),
            Err(_) => job.fail(embed_error(PortErrorKind::Unexpected)),
        }
    }
}

/// Takes only the time that nobody else wants.
pub(crate) fn yield_to_others() {
    // On Linux it is the calling thread alone; elsewhere it would be the whole process.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 19);
}
