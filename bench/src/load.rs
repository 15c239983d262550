//! Load: so many connections, each sending the next request as soon as its last is answered.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{io::AsyncWriteExt as _, net::TcpStream, sync::Barrier, task::LocalSet};

use crate::{http::Room, process, server::Server};

/// What one turn under load came to.
#[derive(Debug, Clone)]
pub struct Load {
    /// Answers in a second.
    pub per_second: f64,
    /// How long each answer took, in seconds.
    pub latencies: Vec<f64>,
    /// CPU time of the server for each request, in seconds.
    pub cpu: f64,
}

/// Makes one request, ready to be sent.
pub type Make<'a> = Box<dyn Fn() -> Vec<u8> + 'a>;

/// A server, and what it is asked.
pub struct Contestant<'a> {
    /// The server.
    pub server: &'a Server,
    /// Makes a request for it.
    pub make: Make<'a>,
    /// The status of a right answer.
    pub status: u16,
}

impl<'a> Contestant<'a> {
    /// A server that answers 200.
    pub fn new(server: &'a Server, make: impl Fn() -> Vec<u8> + 'a) -> Self {
        Self { server, make: Box::new(make), status: 200 }
    }

    /// One turn of so many requests, made ready before the clock runs.
    #[must_use]
    pub fn turn(&self, connections: usize, requests: usize) -> Load {
        let prepared: Vec<Vec<u8>> = (0..requests).map(|_| (self.make)()).collect();
        let cpu = process::cpu_seconds(self.server.pid());
        let (elapsed, latencies) = run(self.server.addr(), connections, prepared, self.status);
        let cpu = process::cpu_seconds(self.server.pid()) - cpu;
        Load { per_second: requests as f64 / elapsed.as_secs_f64(), latencies, cpu: cpu / requests as f64 }
    }

    /// How many requests fill a turn of this length. Warms up as it finds out.
    #[must_use]
    pub fn requests_in(&self, turn: Duration, connections: usize) -> usize {
        let first = self.turn(connections, connections * 4 + 16);
        let warm = (first.per_second * turn.as_secs_f64() / 2.0) as usize;
        let second = self.turn(connections, warm.max(connections * 4));
        ((second.per_second * turn.as_secs_f64()) as usize).max(connections * 4)
    }
}

/// Lets the contestants take turns, A B C A B C …, each so many times; the turns of each.
#[must_use]
pub fn in_turn(contestants: &[Contestant<'_>], connections: usize, turn: Duration, rounds: usize) -> Vec<Vec<Load>> {
    let requests: Vec<usize> = contestants.iter().map(|each| each.requests_in(turn, connections)).collect();
    let mut turns = vec![vec![]; contestants.len()];
    for _ in 0..rounds {
        for (index, contestant) in contestants.iter().enumerate() {
            turns[index].push(contestant.turn(connections, requests[index]));
        }
    }
    turns
}

fn run(addr: SocketAddr, connections: usize, prepared: Vec<Vec<u8>>, status: u16) -> (Duration, Vec<f64>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let latencies = Rc::new(RefCell::new(Vec::with_capacity(prepared.len())));
    let shared = Rc::new(Shared {
        prepared,
        next: Cell::new(0),
        latencies: Rc::clone(&latencies),
        ready: Barrier::new(connections + 1),
        status,
    });
    let local = LocalSet::new();
    let elapsed = local.block_on(&runtime, async {
        let tasks: Vec<_> =
            (0..connections).map(|_| tokio::task::spawn_local(connection(addr, Rc::clone(&shared)))).collect();
        shared.ready.wait().await;
        let begun = Instant::now();
        for task in tasks {
            task.await.expect("every answer is right");
        }
        begun.elapsed()
    });
    (elapsed, latencies.take())
}

struct Shared {
    prepared: Vec<Vec<u8>>,
    next: Cell<usize>,
    latencies: Rc<RefCell<Vec<f64>>>,
    ready: Barrier,
    status: u16,
}

async fn connection(addr: SocketAddr, shared: Rc<Shared>) {
    let mut stream = TcpStream::connect(addr).await.expect("a server");
    stream.set_nodelay(true).expect("no delay");
    let mut room = Room::default();
    shared.ready.wait().await;
    loop {
        let number = shared.next.get();
        let Some(request) = shared.prepared.get(number) else { return };
        shared.next.set(number + 1);
        let begun = Instant::now();
        stream.write_all(request).await.expect("sent");
        let status = room.read_answer(&mut stream).await;
        assert_eq!(status, shared.status, "the status of request {number}");
        shared.latencies.borrow_mut().push(begun.elapsed().as_secs_f64());
    }
}

/// Requests at a fixed rate from 16 connections, signed as they go, for so long; how many were answered.
#[must_use]
pub fn paced(server: &Server, make: &dyn Fn() -> Vec<u8>, per_second: u32, duration: Duration) -> u64 {
    const CONNECTIONS: u32 = 16;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let answered = Cell::new(0);
    runtime.block_on(async {
        let mut lines = vec![];
        for _ in 0..CONNECTIONS {
            let stream = TcpStream::connect(server.addr()).await.expect("a server");
            stream.set_nodelay(true).expect("no delay");
            lines.push((stream, Room::default()));
        }
        // Every tick a burst over all connections: the same number of requests in every second.
        let tick = Duration::from_secs(1) * CONNECTIONS / per_second;
        let mut clock = tokio::time::interval(tick);
        let until = Instant::now() + duration;
        while Instant::now() < until {
            clock.tick().await;
            for (stream, _) in &mut lines {
                stream.write_all(&make()).await.expect("sent");
            }
            for (stream, room) in &mut lines {
                assert_eq!(room.read_answer(stream).await, 200, "the answer at a fixed rate");
                answered.set(answered.get() + 1);
            }
        }
    });
    answered.get()
}
