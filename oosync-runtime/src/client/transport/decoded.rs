//! Bodies of replies, decompressed as they are read.

use std::io::{self, BufReader, Read};

use flate2::read::MultiGzDecoder;

/// What is asked for. zstd is several times faster, and proxies know gzip.
pub(super) const ACCEPT: &str = "zstd, gzip";

/// The largest window of zstd that is held in memory: 8 MiB, as by RFC 9659.
const WINDOW_LOG: u32 = 23;

/// The body in plain bytes, `limit` at most; what goes on after them is an error.
pub(super) fn decoded(
    body: impl Read + Send + 'static,
    encoding: Option<&str>,
    limit: u64,
) -> Result<Box<dyn Read + Send>, String> {
    let plain: Box<dyn Read + Send> = match encoding.map(str::trim) {
        None | Some("" | "identity") => Box::new(body),
        Some("gzip" | "x-gzip") => Box::new(MultiGzDecoder::new(BufReader::new(body))),
        Some("zstd") => {
            let mut decoder = zstd::stream::read::Decoder::new(body).map_err(|error| error.to_string())?;
            decoder.window_log_max(WINDOW_LOG).map_err(|error| error.to_string())?;
            Box::new(decoder)
        }
        Some(other) => return Err(format!("the answer is compressed as {other:?}, which nobody asked for")),
    };
    Ok(Box::new(Limited { plain, left: limit, limit }))
}

struct Limited {
    plain: Box<dyn Read + Send>,
    left: u64,
    limit: u64,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.plain.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => {
                let what = format!("the answer is longer than {} bytes", self.limit);
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn read(bytes: Vec<u8>, encoding: Option<&str>, limit: u64) -> Result<Vec<u8>, String> {
        let mut plain = Vec::new();
        let mut body = decoded(io::Cursor::new(bytes), encoding, limit)?;
        body.read_to_end(&mut plain).map_err(|error| error.to_string())?;
        Ok(plain)
    }

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_was_compressed_is_plain_again_and_has_a_limit() {
        let plain = vec![7; 100_000];
        let zstd = zstd::bulk::compress(&plain, 1).unwrap();
        for (bytes, encoding) in
            [(plain.clone(), None), (gzip(&plain), Some("gzip")), (zstd.clone(), Some("zstd"))]
        {
            assert_eq!(read(bytes.clone(), encoding, 100_000), Ok(plain.clone()));
            assert!(read(bytes, encoding, 99_999).unwrap_err().contains("longer than 99999"));
        }
        assert!(read(zstd[..zstd.len() - 5].to_vec(), Some("zstd"), 100_000).is_err());
        assert!(read(plain, Some("br"), 100_000).unwrap_err().contains("\"br\""));
    }
}
