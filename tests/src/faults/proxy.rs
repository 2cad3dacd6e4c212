//! The network between one device and the servers: a TCP proxy that loses, cuts, delays and repeats.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How often a connection looks whether the weather has changed.
const LOOK: Duration = Duration::from_millis(10);

/// What the network does to every byte until it is told otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weather {
    /// Everything passes.
    #[default]
    Fine,
    /// Connections are closed, and new ones end at once.
    Disconnected,
    /// What the device sends vanishes; nobody is told.
    OutboundLost,
    /// What the server sends vanishes; nobody is told.
    InboundLost,
    /// Nothing passes and nobody is told: connections are half open.
    HalfOpen,
    /// A few bytes at a time.
    Slow,
}

/// Something that happens once, to the next request it fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trap {
    /// A push has reached the server and is answered; the answer is lost, and the connection with it.
    PushAnswerLost,
    /// The same, and the device's process is killed at that moment.
    PushAnswerLostAndKilled,
    /// The device is killed when so many bytes of a push have left it.
    KilledInPush(usize),
    /// The device is killed when so many bytes of an answer have arrived.
    KilledInAnswer(usize),
    /// An answer breaks off after so many bytes.
    AnswerCut(usize),
    /// A request breaks off after so many bytes.
    RequestCut(usize),
    /// A request arrives twice, by two connections.
    RequestTwice,
    /// A request is lost, and arrives after so many milliseconds: behind others that were sent after it.
    RequestLate(u64),
    /// An answer stops after so many bytes, until it is told to go on.
    AnswerHeld(usize),
}

impl Trap {
    const fn kills(self) -> bool {
        matches!(self, Self::PushAnswerLostAndKilled | Self::KilledInPush(_) | Self::KilledInAnswer(_))
    }
}

#[derive(Debug, Default)]
struct State {
    weather: Weather,
    trap: Option<Trap>,
    upstream: Option<SocketAddr>,
    /// An answer is held.
    held: bool,
    /// Connections of an earlier one end.
    generation: u64,
}

/// The way of one device to whichever server it is led to.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Kills the device's process.
    kill: Box<dyn Fn() + Send + Sync>,
    /// Traps that have caught something.
    sprung: AtomicU64,
    ended: AtomicBool,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Proxy {
    /// Listens. `kill` ends the device's process when a trap says so.
    ///
    /// # Panics
    ///
    /// Where nothing can listen on this machine.
    pub fn new(kill: impl Fn() + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            kill: Box::new(kill),
            sprung: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if accepting.ended.load(Ordering::Relaxed) {
                    break;
                }
                let shared = Arc::clone(&accepting);
                std::thread::spawn(move || shared.carry(&stream));
            }
        });
        Self { address, shared }
    }

    /// Where the device finds it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Which server new connections are led to.
    pub fn lead_to(&self, server: SocketAddr) {
        self.shared.state.lock().expect("nothing panics here").upstream = Some(server);
    }

    /// New connections are led to another server, if they are led to this one.
    pub fn lead_instead_of(&self, before: SocketAddr, after: SocketAddr) {
        let mut state = self.shared.state.lock().expect("nothing panics here");
        if state.upstream == Some(before) {
            state.upstream = Some(after);
        }
    }

    /// From now on, the network is like this.
    pub fn weather(&self, weather: Weather) {
        self.shared.state.lock().expect("nothing panics here").weather = weather;
    }

    /// Sets a trap, in the place of one that has caught nothing.
    pub fn set(&self, trap: Trap) {
        self.shared.state.lock().expect("nothing panics here").trap = Some(trap);
    }

    /// Everything passes, and no trap is set.
    pub fn calm(&self) {
        let mut state = self.shared.state.lock().expect("nothing panics here");
        (state.weather, state.trap, state.held) = (Weather::Fine, None, false);
    }

    /// Ends every connection; new ones are taken at once.
    pub fn cut(&self) {
        self.shared.state.lock().expect("nothing panics here").generation += 1;
    }

    /// Whether a trap holds an answer.
    pub fn is_held(&self) -> bool {
        self.shared.state.lock().expect("nothing panics here").held
    }

    /// Takes the trap away, and lets an answer that it holds go on.
    pub fn release(&self) {
        let mut state = self.shared.state.lock().expect("nothing panics here");
        (state.trap, state.held) = (None, false);
    }

    /// How many traps have caught something.
    pub fn sprung(&self) -> u64 {
        self.shared.sprung.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

/// A connection: what the device has sent of the request that is under way, and whether it is being answered.
#[derive(Default)]
struct Exchange {
    request: Vec<u8>,
    answered: usize,
}

impl Exchange {
    fn is_push(&self) -> bool {
        self.request.starts_with(b"POST /push ")
    }

    /// Whether the body is as long as the head says.
    fn is_whole(&self) -> bool {
        let Some(head) = self.request.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return false };
        let text = String::from_utf8_lossy(&self.request[..head]).to_ascii_lowercase();
        let length: Option<usize> =
            text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        match length {
            Some(length) => self.request.len() >= head + 4 + length,
            None if text.contains("chunked") => self.request.ends_with(b"\r\n0\r\n\r\n"),
            None => true,
        }
    }
}

/// What is to be done with bytes that have come.
enum Verdict {
    Pass(usize),
    Drop,
    /// So many pass, then the connection ends.
    Cut(usize),
}

impl Shared {
    fn weather(&self) -> Weather {
        self.state.lock().expect("nothing panics here").weather
    }

    /// Takes the trap if it is one of these. Where it kills, that is done before anybody can change the weather: once it
    /// is calm, nobody is killed any more.
    fn spring(&self, fits: impl Fn(Trap) -> bool) -> Option<Trap> {
        let mut state = self.state.lock().expect("nothing panics here");
        let trap = state.trap.take_if(|trap| fits(*trap))?;
        self.sprung.fetch_add(1, Ordering::Relaxed);
        state.held = matches!(trap, Trap::AnswerHeld(_));
        if trap.kills() {
            (self.kill)();
        }
        Some(trap)
    }

    /// Everything that passes between a device and a server on one connection.
    fn carry(&self, device: &TcpStream) {
        let _ = device.set_nodelay(true);
        if self.weather() == Weather::Disconnected {
            return;
        }
        let (upstream, generation) = {
            let state = self.state.lock().expect("nothing panics here");
            (state.upstream, state.generation)
        };
        let Some(Ok(server)) = upstream.map(|at| TcpStream::connect_timeout(&at, Duration::from_secs(2)))
        else {
            return;
        };
        let _ = server.set_nodelay(true);
        let exchange = Mutex::new(Exchange::default());
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                self.copy((&server, device), generation, &over, |bytes| self.answer(&exchange, bytes));
                end(&over, [device, &server]);
            });
            self.copy((device, &server), generation, &over, |bytes| self.request(&exchange, bytes, upstream));
            end(&over, [device, &server]);
        });
    }

    fn copy(
        &self,
        (mut from, mut to): (&TcpStream, &TcpStream),
        generation: u64,
        over: &AtomicBool,
        mut judge: impl FnMut(&[u8]) -> Verdict,
    ) {
        let _ = from.set_read_timeout(Some(LOOK));
        let mut buffer = [0; 4_096];
        while !over.load(Ordering::Relaxed) && !self.ended.load(Ordering::Relaxed) {
            let (weather, present) = {
                let state = self.state.lock().expect("nothing panics here");
                (state.weather, state.generation)
            };
            if weather == Weather::Disconnected || present != generation {
                return;
            }
            let room = if weather == Weather::Slow { 200 } else { buffer.len() };
            let count = match from.read(&mut buffer[..room]) {
                Ok(0) => return,
                Ok(count) => count,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
                Err(_) => return,
            };
            let (pass, last) = match judge(&buffer[..count]) {
                Verdict::Drop => (0, false),
                Verdict::Pass(count) => (count, false),
                Verdict::Cut(count) => (count, true),
            };
            if to.write_all(&buffer[..pass]).is_err() || last {
                return;
            }
            if weather == Weather::Slow {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// The device sends something.
    fn request(&self, exchange: &Mutex<Exchange>, bytes: &[u8], upstream: Option<SocketAddr>) -> Verdict {
        let weather = self.weather();
        if matches!(weather, Weather::OutboundLost | Weather::HalfOpen) {
            return Verdict::Drop;
        }
        let mut exchange = exchange.lock().expect("nothing panics here");
        if exchange.answered > 0 || exchange.request.is_empty() {
            *exchange = Exchange::default();
        }
        let before = exchange.request.len();
        exchange.request.extend_from_slice(bytes);
        let (now, is_push) = (exchange.request.len(), exchange.is_push());
        let trap = self.spring(|trap| match trap {
            Trap::KilledInPush(at) => is_push && now >= at,
            Trap::RequestCut(at) => now >= at,
            Trap::RequestTwice | Trap::RequestLate(_) => exchange.is_whole(),
            _ => false,
        });
        match trap {
            Some(Trap::KilledInPush(at) | Trap::RequestCut(at)) => {
                Verdict::Cut(at.saturating_sub(before).min(bytes.len()))
            }
            Some(Trap::RequestTwice) => {
                let copy = exchange.request.clone();
                std::thread::spawn(move || repeat(&copy, upstream));
                Verdict::Pass(bytes.len())
            }
            Some(Trap::RequestLate(milliseconds)) => {
                let copy = exchange.request.clone();
                std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(milliseconds));
                    repeat(&copy, upstream);
                });
                Verdict::Cut(0)
            }
            _ => Verdict::Pass(bytes.len()),
        }
    }

    /// The server answers something.
    fn answer(&self, exchange: &Mutex<Exchange>, bytes: &[u8]) -> Verdict {
        let weather = self.weather();
        let mut exchange = exchange.lock().expect("nothing panics here");
        let before = exchange.answered;
        exchange.answered += bytes.len();
        if matches!(weather, Weather::InboundLost | Weather::HalfOpen) {
            return Verdict::Drop;
        }
        let (now, is_push) = (exchange.answered, exchange.is_push());
        let trap = self.spring(|trap| match trap {
            Trap::PushAnswerLost | Trap::PushAnswerLostAndKilled => is_push && before == 0,
            Trap::KilledInAnswer(at) | Trap::AnswerCut(at) | Trap::AnswerHeld(at) => now >= at,
            _ => false,
        });
        match trap {
            Some(Trap::AnswerHeld(_)) => {
                while self.state.lock().expect("nothing panics here").held
                    && !self.ended.load(Ordering::Relaxed)
                {
                    std::thread::sleep(Duration::from_millis(2));
                }
                Verdict::Pass(bytes.len())
            }
            Some(Trap::PushAnswerLost | Trap::PushAnswerLostAndKilled) => Verdict::Cut(0),
            Some(Trap::KilledInAnswer(at) | Trap::AnswerCut(at)) => {
                Verdict::Cut(at.saturating_sub(before).min(bytes.len()))
            }
            _ => Verdict::Pass(bytes.len()),
        }
    }
}

fn end(over: &AtomicBool, streams: [&TcpStream; 2]) {
    over.store(true, Ordering::Relaxed);
    for stream in streams {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

/// Sends a request once more, and reads what is answered to it.
fn repeat(request: &[u8], upstream: Option<SocketAddr>) {
    let Some(Ok(mut server)) = upstream.map(TcpStream::connect) else { return };
    let _ = server.set_read_timeout(Some(Duration::from_secs(1)));
    if server.write_all(request).is_ok() {
        let mut buffer = [0; 4_096];
        while server.read(&mut buffer).is_ok_and(|count| count > 0) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that answers each whole request with the same, and counts.
    fn server() -> (SocketAddr, Arc<AtomicU64>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let count = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&count);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let counted = Arc::clone(&counted);
                std::thread::spawn(move || {
                    let mut buffer = [0; 1_000];
                    while let Ok(count @ 1..) = stream.read(&mut buffer) {
                        if buffer[..count].ends_with(b"\r\n\r\n") {
                            counted.fetch_add(1, Ordering::SeqCst);
                            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
                        }
                    }
                });
            }
        });
        (address, count)
    }

    fn ask(proxy: &Proxy, path: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(proxy.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        // It may have been closed already.
        let _ = write!(stream, "POST {path} HTTP/1.1\r\ncontent-length: 0\r\n\r\n");
        let (mut answer, mut buffer) = (Vec::new(), [0; 1_000]);
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            answer.extend_from_slice(&buffer[..count]);
            if answer.ends_with(b"hello") {
                break;
            }
        }
        answer
    }

    #[test]
    fn it_passes_loses_cuts_repeats_and_kills() {
        let (address, count) = server();
        let killed = Arc::new(AtomicU64::new(0));
        let kills = Arc::clone(&killed);
        let proxy = Proxy::new(move || {
            kills.fetch_add(1, Ordering::SeqCst);
        });
        proxy.lead_to(address);
        assert!(ask(&proxy, "/pull").ends_with(b"hello"));

        proxy.set(Trap::PushAnswerLost);
        assert!(ask(&proxy, "/pull").ends_with(b"hello"), "it waits for a push");
        assert!(ask(&proxy, "/push").is_empty());
        assert_eq!(count.load(Ordering::SeqCst), 3, "the push has arrived");
        assert!(ask(&proxy, "/push").ends_with(b"hello"), "once");

        proxy.set(Trap::AnswerCut(7));
        assert_eq!(ask(&proxy, "/pull"), b"HTTP/1.");
        proxy.set(Trap::RequestCut(9));
        ask(&proxy, "/push");
        proxy.set(Trap::KilledInPush(5));
        ask(&proxy, "/push");
        assert_eq!((killed.load(Ordering::SeqCst), proxy.sprung()), (1, 4));

        let before = count.load(Ordering::SeqCst);
        proxy.set(Trap::RequestTwice);
        assert!(ask(&proxy, "/push").ends_with(b"hello"));
        while count.load(Ordering::SeqCst) < before + 2 {
            std::thread::sleep(LOOK);
        }

        let before = count.load(Ordering::SeqCst);
        for weather in [Weather::Disconnected, Weather::OutboundLost, Weather::HalfOpen] {
            proxy.weather(weather);
            assert!(ask(&proxy, "/push").is_empty(), "{weather:?}");
        }
        assert_eq!(count.load(Ordering::SeqCst), before, "nothing arrived");
        proxy.weather(Weather::InboundLost);
        assert!(ask(&proxy, "/push").is_empty());
        assert_eq!(count.load(Ordering::SeqCst), before + 1);
        proxy.weather(Weather::Slow);
        assert!(ask(&proxy, "/pull").ends_with(b"hello"));
        proxy.calm();
        assert!(ask(&proxy, "/pull").ends_with(b"hello"));
    }
}
