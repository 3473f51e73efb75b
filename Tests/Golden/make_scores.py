"""Makes scores.json: pairs of texts with the scores that the reference packages give them.

    pip install rouge==1.0.1 fuzzywuzzy==0.18.0 Levenshtein==0.27.5 evaluate==0.4.6 datasets sacrebleu==2.6.0 sacremoses
    python Tests/Golden/make_scores.py [--sari FOLDER]

`sari` is a script that evaluate loads from the Hugging Face hub (huggingface/evaluate, metrics/sari at commit 68a4b0d); --sari names a folder that has it.
The scores are put together as the evaluation code of TRACE does it: an empty answer has 0, rouge's hypothesis is the expected answer, Py150's marks of
literals are taken away before the edit similarity. rouge throws for a text without a sentence: such pairs have no value there, and strata gives 0.
The pairs are random words, digits, signs, Chinese, German, Greek and emoji, mutations of each other, empty texts, code, and texts written by hand.
"""

import argparse
import json
import random
import re
from pathlib import Path

import evaluate
from fuzzywuzzy import fuzz
from rouge import Rouge

WORDS = """the a cat sat on mat council approved the budget of 3.5 million in 1,000 cases e.g. U.S. 10-20 well-known It's "so" he said; (maybe) 50% &amp; <b>
Der Bundesrat ÜBER straße Äpfel 他们 支持 这个 观点。 天气 很好 ΟΔΟΣ ΣΊΣΥΦΟΣ naïve café 🙂 👩‍👩‍👧 İstanbul DŽ x=y+1; def foo(a, b): return a[b] # note
<STR_LIT> <NUM_LIT> <STR_LIT:utf-8> <NUM_LIT:1> <CHAR_LIT> <skipped> end- . .. ... , ,, - / \\ { } ~ ` ^ _ @ : ; ! ?""".split()
SPACES = [" "] * 12 + ["\n", "\t", "  ", "\u00a0", "\u3000", "\u001c", ". ", "-\n", "", "\r\n"]


def text(rng, longest=14):
    return "".join(rng.choice(WORDS) + rng.choice(SPACES) for _ in range(rng.randrange(longest)))


def changed(rng, source):
    pieces = list(source) if rng.random() < 0.5 else re.split(r"(\s)", source)
    for _ in range(rng.randrange(1, 6)):
        place = rng.randrange(len(pieces) + 1)
        kind = rng.randrange(3)
        if kind == 0:
            pieces.insert(place, rng.choice(WORDS))
        elif pieces and kind == 1:
            pieces.pop(min(place, len(pieces) - 1))
        elif pieces:
            pieces[min(place, len(pieces) - 1)] = rng.choice(WORDS)
    return "".join(pieces)


BY_HAND = [
    ("About 95 species are currently accepted .", "About 95 you now get in .", "About 95 species are currently known ."),
    ("What is it? A. x B. y", "B", "B"), ("", "", ""), ("p", "", "x"), ("p", "x", ""), ("p", ".", "a"), ("p", "a", "..."), ("p", " ", "a b"),
    ("p", "a. .b", "a b"), ("p", "e\u0301", "\u00e9"), ("p", "a b c d. a e f", "a c e. b d f. a"), ("p", "B\nBecause it is.", "B\nIt is so."),
    ("p", "12", "12.0"), ("p", "ab" * 40, "ba" * 40), ("p", "a" * 100 + "b" * 100, "a" * 41 + "c" * 159), ("ΟΔΟΣ. ΣΑΣ ΣΑΣ’Σ", "οδος σας", "οδοσ σας"),
    ("p", "<STR_LIT:a>x<STR_LIT:b<NUM_LIT:3>>", "ax<STR_LIT:c>"), ("1.000,5 3-4 a-b .5 5. x.y", "1.000,5 3 - 4", "a,b 5,6 7, 8 9-"),
    ("&quot;x&quot; &lt;y&gt; &amp;amp;", "\"x\" <y>", "x y"), ("A cat. A dog.", "a CAT. a DOG.", "A cat! A dog!"),
]


def literals_read(code):
    """What TRACE does with Py150, in other words."""
    for mark, value in (("<NUM_LIT>", "0"), ("<STR_LIT>", ""), ("<CHAR_LIT>", "")):
        code = code.replace(mark, value)
    for match in list(re.finditer(r"<(?:STR|NUM|CHAR)_LIT:(.*?)>", code, re.S)):
        code = code.replace(match.group(0), match.group(1))
    return code


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sari", default="sari")
    sari = evaluate.load(parser.parse_args().sari)
    rng = random.Random(7)
    cases = list(BY_HAND)
    for _ in range(160):
        source, expected = text(rng, 20), text(rng)
        written = rng.choice([text(rng), changed(rng, expected), changed(rng, source), expected, source])
        if rng.random() < 0.3:
            expected = changed(rng, source)
        cases.append((source, written, expected))

    rows = []
    for prompt, written, expected in cases:
        row = {"prompt": prompt, "written": written, "expected": expected}
        row["exact-match"] = int(written == expected and written != "")
        row["first-character"] = int(written[:1] == expected[:1] and written != "")
        try:
            row["rouge-l"] = Rouge(metrics=["rouge-l"]).get_scores(expected, written, avg=True)["rouge-l"]["f"] if written and expected else 0
        except ValueError:
            row["rouge-l"] = None
        a, b = literals_read(written), literals_read(expected)
        row["edit-similarity"] = fuzz.ratio(a, b) / 100 if a and b else 0
        row["sari"] = sari.compute(sources=[prompt], predictions=[written], references=[[expected]])["sari"] / 100
        rows.append(row)
    out = Path(__file__).with_name("scores.json")
    out.write_text(json.dumps(rows, indent=1, ensure_ascii=True) + "\n")
    print(len(rows), "pairs")


if __name__ == "__main__":
    main()
