//! A client that costs little: one thread, one epoll, requests prepared ahead, no parsing beyond
//! the length of the answer.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

/// Room for the longest answer.
const ANSWER: usize = 64 * 1024;

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// Answers with status 200.
    pub answers: u64,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// How long each request waited, sorted.
    pub latencies: Vec<Duration>,
}

impl Outcome {
    /// Answers per second.
    pub fn rate(&self) -> f64 {
        self.answers as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that the share `share` of the requests stayed under.
    pub fn latency(&self, share: f64) -> Duration {
        let place = (self.latencies.len() as f64 * share) as usize;
        self.latencies[place.min(self.latencies.len() - 1)]
    }
}

struct Client {
    stream: TcpStream,
    sent: Instant,
    received: Vec<u8>,
    filled: usize,
}

/// Keeps one request under way on each of `connections` keep-alive connections for `duration`,
/// taking the requests in turn from `pool`.
///
/// # Panics
/// When an answer has another status than 200: a bench of refusals measures nothing.
pub fn drive(
    address: SocketAddr,
    pool: &[Vec<u8>],
    connections: usize,
    duration: Duration,
) -> io::Result<Outcome> {
    let queue = epoll::create(CreateFlags::CLOEXEC)?;
    let mut clients = Vec::with_capacity(connections);
    for index in 0..connections {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        epoll::add(
            &queue,
            &stream,
            EventData::new_u64(index as u64),
            EventFlags::IN,
        )?;
        let received = vec![0; ANSWER];
        clients.push(Client {
            stream,
            sent: Instant::now(),
            received,
            filled: 0,
        });
    }
    let mut requests = pool.iter().cycle();
    let begin = Instant::now();
    let mut next = || requests.next().expect("a pool of requests");
    for client in &mut clients {
        client.send(next())?;
    }
    let mut events = Vec::with_capacity(connections);
    let mut latencies = Vec::with_capacity(1 << 20);
    let mut waiting = connections;
    while waiting > 0 {
        epoll::wait(&queue, spare_capacity(&mut events), None)?;
        for event in events.drain(..) {
            let client = &mut clients[event.data.u64() as usize];
            if !client.receive()? {
                continue;
            }
            latencies.push(client.sent.elapsed());
            if begin.elapsed() < duration {
                client.send(next())?;
            } else {
                waiting -= 1;
            }
        }
    }
    let elapsed = begin.elapsed();
    latencies.sort_unstable();
    Ok(Outcome {
        answers: latencies.len() as u64,
        elapsed,
        latencies,
    })
}

impl Client {
    /// A request is far smaller than a socket's buffer, which is empty between answers.
    fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.filled = 0;
        self.sent = Instant::now();
        self.stream.write_all(request)
    }

    /// Reads what has come; whether the answer is complete.
    fn receive(&mut self) -> io::Result<bool> {
        let count = self.stream.read(&mut self.received[self.filled..])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.filled += count;
        let received = &self.received[..self.filled];
        let Some(head) = find(received, b"\r\n\r\n") else {
            return Ok(false);
        };
        let done = received.starts_with(b"HTTP/1.1 200");
        assert!(done, "refused: {}", received.escape_ascii());
        let length = content_length(&received[..head]).expect("an answer with a length");
        Ok(received.len() >= head + 4 + length)
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn content_length(head: &[u8]) -> Option<usize> {
    let name = b"content-length:";
    let start = head
        .windows(name.len())
        .position(|window| window.eq_ignore_ascii_case(name))?;
    let digits = head[start + name.len()..]
        .iter()
        .skip_while(|byte| **byte == b' ');
    let digits = digits.take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0')))
}
