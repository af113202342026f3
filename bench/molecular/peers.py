"""Python readers on the same file: open, read every record, keep those inside one gene with their share of reads.

They do less: no check of the build, no names, no profile.
"""

import statistics
import sys
import time

PATH, ROUNDS = sys.argv[1], int(sys.argv[2])
GENE = ("chr3", 179148114, 179240093)


def inside(chrom, pos):
    return chrom == GENE[0] and GENE[1] <= pos <= GENE[2]


def cyvcf2():
    from cyvcf2 import VCF

    return sum(1 for v in VCF(PATH) if inside(v.CHROM, v.POS) and v.FILTER is None and v.format("AD")[0][1] >= 0)


def pysam():
    from pysam import VariantFile

    with VariantFile(PATH) as f:
        return sum(1 for v in f if inside(v.chrom, v.pos) and "PASS" in v.filter and v.samples[0]["AD"][1] >= 0)


def vcfpy():
    from vcfpy import Reader

    reader = Reader.from_path(PATH)
    return sum(1 for v in reader if inside(v.CHROM, v.POS) and v.FILTER == ["PASS"] and v.calls[0].data["AD"][1] >= 0)


timed = 0
for reader in (cyvcf2, pysam, vcfpy):
    times = []
    try:
        for _ in range(ROUNDS):
            start = time.perf_counter()
            found = reader()
            times.append(time.perf_counter() - start)
    except ImportError:
        print(f"{reader.__name__:<34} not installed")
        continue
    timed += 1
    # The first round pays for the import.
    print(f"{reader.__name__ + ' (reading only)':<34} {statistics.median(times[1:]) * 1e3:>9.3f} ms   {found} records")
sys.exit(0 if timed else 1)
