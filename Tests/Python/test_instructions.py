"""The program starts on any x86-64: no instruction of AVX or later stands in Swift code outside the modules that are chosen at start.

(The cryptographic library chooses among its assembly by itself.)
"""

import os
import platform
import re
import shutil
import subprocess
import unittest

VECTOR = re.compile(r"%[yz]mm\d|%k[0-7]\b|\tv[a-z0-9]+ ")


def functions_with_wide_instructions(program):
    """Counts by symbol, of Swift functions and of our own C."""
    counts, name = {}, ""
    with subprocess.Popen(
        ["objdump", "--disassemble", "--no-show-raw-insn", program], stdout=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        for line in process.stdout:
            if line.endswith(">:\n"):
                name = line[line.index("<") + 1 : -3]
            elif VECTOR.search(line) and name.startswith(("$s", "cprocessor")):
                counts[name] = counts.get(name, 0) + 1
    return counts


@unittest.skipUnless(platform.machine() == "x86_64", "x86-64 only")
@unittest.skipUnless(shutil.which("objdump"), "needs objdump (Debian: binutils)")
class InstructionTests(unittest.TestCase):
    def test_only_the_chosen_modules_use_avx(self):
        counts = functions_with_wide_instructions(os.environ["STRATA_BINARY"])
        chosen = {name: count for name, count in counts.items() if "KernelsAVX" in name}
        shared = {name: count for name, count in counts.items() if "KernelsAVX" not in name}
        # Were nothing found in them, the search would be wrong.
        self.assertGreater(sum(count for name, count in chosen.items() if "KernelsAVX2" in name), 1000)
        self.assertGreater(sum(count for name, count in chosen.items() if "KernelsAVX512" in name), 1000)
        self.assertEqual(shared, {})
