//! How long a VCF of 1,000 records takes from bytes to a profile, beside Python's readers, in one run.
//!
//! `cargo run --release --manifest-path bench/molecular/Cargo.toml [-- PYTHON]`; PYTHON is an interpreter with cyvcf2,
//! pysam or vcfpy, `python3` if absent. Exit code 1 when the profile takes 100 ms or more.
#![forbid(unsafe_code)]

use molecular::import::{self, Input, Role, Stated};
use molecular::{Build, Specimen};
use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

const RECORDS: u64 = 1_000;
const ROUNDS: usize = 31;
const AT_MOST: Duration = Duration::from_millis(100);

/// A panel's file: one record in five lies in a gene of the table, one of them is PIK3CA H1047R.
fn file() -> String {
    let mut text = String::from(
        "##fileformat=VCFv4.2\n##reference=GRCh38\n##FILTER=<ID=PASS,Description=\"ok\">\n\
         ##INFO=<ID=DP,Number=1,Type=Integer,Description=\"depth\">\n\
         ##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n\
         ##FORMAT=<ID=AD,Number=R,Type=Integer,Description=\"reads\">\n",
    );
    for (c, n) in [("1", 248_956_422u64), ("3", 198_295_559), ("17", 83_257_441)] {
        let _ = writeln!(text, "##contig=<ID=chr{c},length={n}>");
    }
    text.push_str("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tT1\n");
    let bases = ["A", "C", "G", "T"];
    for i in 0..RECORDS {
        let (chromosome, position) = match i % 5 {
            0 => ("chr3", 179_148_200 + i * 80),
            _ => ("chr1", 1_000_000 + i * 200_000),
        };
        let (from, to) = (bases[(i % 4) as usize], bases[((i + 1) % 4) as usize]);
        if i == RECORDS - 1 {
            let _ = writeln!(text, "chr3\t179234297\t.\tA\tG\t60\tPASS\tDP=74\tGT:AD\t0/1:43,31");
        } else {
            let _ = writeln!(text, "{chromosome}\t{position}\t.\t{from}\t{to}\t60\tPASS\tDP=200\tGT:AD\t0/1:150,50");
        }
    }
    text
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn timed(name: &str, bytes: &[u8]) -> Duration {
    let stated = Stated { build: Some(Build::Grch38), specimen: Some(Specimen::Tissue), ..Stated::default() };
    let mut findings = 0;
    let times = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            let inputs = [Input { role: Role::Vcf, file: "f", bytes: black_box(bytes) }];
            let imported = import::run(&inputs, &stated, serde_json::Map::new());
            findings = black_box(imported).findings.len();
            start.elapsed()
        })
        .collect();
    let time = median(times);
    println!("{name:<34} {:>9.3} ms   {findings} findings", time.as_secs_f64() * 1e3);
    time
}

fn main() -> Result<(), Box<dyn Error>> {
    let text = file();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(text.as_bytes())?;
    let packed = packed.finish()?;
    println!("{RECORDS} records, {} bytes, {} packed; median of {ROUNDS}", text.len(), packed.len());
    let plain = timed("bytes to profile, plain", text.as_bytes());
    let gz = timed("bytes to profile, gzip", &packed);
    let folder = std::env::temp_dir().join(format!("bench-molecular-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("panel.vcf");
    std::fs::write(&path, &text)?;
    let python = std::env::args().nth(1).unwrap_or_else(|| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers.py");
    let ran = Command::new(&python).arg(script).arg(&path).arg(ROUNDS.to_string()).status();
    if !ran.is_ok_and(|s| s.success()) {
        println!("{python}: no reader could be timed");
    }
    std::fs::remove_dir_all(&folder)?;
    if plain.max(gz) >= AT_MOST {
        return Err(format!("over {AT_MOST:?}").into());
    }
    Ok(())
}
