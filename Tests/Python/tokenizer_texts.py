"""Texts and tokenizers for comparisons with the Python library `tokenizers`: all made by code from a seed."""

import random
import sys
import unicodedata

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")
WORDS = ("the of and to in is that it was for on are with as his they at be this from have or by one had not but what all were when we there can an "
         "your which their said if do will each about how up out them then she many some so these would other into has more two her like him time see no "
         "could make than first been its who now people my made over did down only way find use may water long little very after words called just "
         "where most know language model training forgets blocks expansion").split()
CODE = ["def f(x):\n    return x ** 2  # squared\n", "for (int i = 0; i < n; ++i) {\n\tsum += a[i] * b[i];\r\n}\r\n", "if x is None:\n        pass\n\n\n",
        "SELECT * FROM t WHERE a >= 10 AND b != 'x';", "let y: [Int] = xs.map { $0 &+ 1 }\n", "<div class=\"a\">&nbsp;</div>", "\\frac{1}{2}\\,\\mathrm{d}x",
        "http://example.org/a?b=c&d=%20e#f", "0x1F600 1_000_000 3.14159e-10 192.168.0.1", "printf(\"%d\\n\", x);"]
EMOJI = ["\U0001F642", "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466", "\U0001F44D\U0001F3FD", "\U0001F1E9\U0001F1EA", "\u2764\uFE0F", "\u0023\uFE0F\u20E3",
         "\U0001F3F4\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F"]
SPECIALS = ["<s>", "</s>", "<unk>", "<|endoftext|>", "<|begin_of_text|>", "<|user|>", "[single]", "[left]", "[right]", "[both]", "<n>", "<|", "|>", "<0x0A>", "\u2581"]
SPACES = [" ", "  ", "    ", "\n", "\n\n", "\r\n", "\r", "\t", " \n", "\n ", "\u00a0", "\u3000", "\u2003", "\u0085", "\u2028", "\u200b", "\x0b", "\x0c", "\x1c", "\x1f"]


def assigned(characters=None):
    """Every code point that Python knows as assigned, and those that it does not, in runs with and without spaces."""
    codes = [code for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    return [chr(code) for code in codes if unicodedata.category(chr(code)) != "Cn"], [chr(code) for code in codes if unicodedata.category(chr(code)) == "Cn"]


class Mixture:
    """An endless mixed text, in documents of a few hundred to a few thousand characters."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.assigned, self.unassigned = assigned()
        self.letters = [c for c in self.assigned if unicodedata.category(c)[0] in "LNM"]
        self.blocks = [(0x400, 0x4FF), (0x370, 0x3FF), (0x590, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F), (0x1100, 0x11FF), (0x3040, 0x30FF), (0x4E00, 0x9FFF),
                       (0xAC00, 0xD7A3), (0x1E00, 0x1EFF), (0xC0, 0x24F), (0x10A0, 0x10FF), (0x1F300, 0x1F6FF), (0x20000, 0x2A6DF)]

    def words(self):
        words = [self.random.choice(WORDS) for _ in range(self.random.randint(3, 60))]
        for index in range(len(words)):
            kind = self.random.random()
            if kind < 0.05:
                words[index] += self.random.choice(["'s", "'t", "'re", "'VE", "'M", "'ll", "'D", "'\u017f", "\u2019s", "'", "''s"])
            elif kind < 0.1:
                words[index] = words[index].capitalize()
            elif kind < 0.14:
                words[index] = str(self.random.randrange(10 ** self.random.randint(1, 9)))
            elif kind < 0.2:
                words[index] += self.random.choice(",.;:!?)\"")
        return self.random.choice([" ", " ", " ", "  ", "\n", "\u00a0", ""]).join(words)

    def script(self):
        first, last = self.random.choice(self.blocks)
        return "".join(chr(self.random.randint(first, last)) for _ in range(self.random.randint(1, 60)))

    def piece(self):
        choice = self.random.random()
        if choice < 0.35:
            return self.words()
        if choice < 0.55:
            return self.script()
        if choice < 0.65:
            return self.random.choice(CODE)
        if choice < 0.72:
            return "".join(self.random.choices(SPACES, k=self.random.randint(1, 8)))
        if choice < 0.77:
            return "".join(self.random.choices(EMOJI, k=self.random.randint(1, 4)))
        if choice < 0.84:
            return "".join(self.random.choices(self.assigned, k=self.random.randint(1, 30)))
        if choice < 0.87:
            return "".join(self.random.choices(self.letters, k=self.random.randint(1, 30)))
        if choice < 0.89:
            return "".join(self.random.choices(self.unassigned, k=self.random.randint(1, 8)))
        if choice < 0.92:
            return "".join(chr(self.random.randrange(32)) for _ in range(self.random.randint(1, 5)))
        if choice < 0.97:
            return self.random.choice(SPACES) * self.random.randint(0, 3) + self.random.choice(SPECIALS) + self.random.choice(SPACES) * self.random.randint(0, 3)
        return self.random.choice(["a", "\u4e2d", " ", "\n", "1", "!", "\U0001F600", "\u2581"]) * self.random.randint(1, 300)

    def document(self):
        pieces = [self.piece() for _ in range(self.random.randint(1, 40))]
        return self.random.choice(["", "", " "]).join(pieces)

    def broken(self, text):
        """UTF-8 in which some bytes are others, missing or doubled."""
        data = bytearray(text.encode())
        for _ in range(self.random.randint(1, 1 + len(data) // 40)):
            if data:
                place = self.random.randrange(len(data))
                data[place : place + self.random.randint(0, 2)] = bytes(self.random.choice([b"\xff", b"\x80", b"\xc3", b"\xe2\x82", b"\xf0\x9f", b"\xed\xa0\x80", b"\xc0\xaf", b""]))
        return bytes(data)

    def texts(self, size):
        """Documents as bytes, at least `size` in all: assigned and unassigned characters, from 10 MB on every one, then the mixture, one in ten broken."""
        result = []
        if size < 10_000_000:
            share = max(1, 8_000_000 // size)
            self.assigned, self.unassigned = self.assigned[::share], self.unassigned[::share]
        for characters in (self.assigned, self.unassigned):
            for start in range(0, len(characters), 4000):
                if characters is self.assigned or start % 40_000 == 0:
                    result.append("".join(characters[start : start + 4000]).encode())
                    result.append(" ".join(characters[start : start + 4000]).encode())
        for start in range(0, len(self.assigned), 40_000):
            chosen = self.assigned[start : start + 40_000]
            result.append("a".join(chosen).encode())
            result.append("".join(c + self.random.choice(["1", "!", "'s", "\n", " x", "\u0301"]) for c in chosen).encode())
        total = sum(map(len, result))
        while total < size:
            text = self.document()
            result.append(self.broken(text) if self.random.random() < 0.1 else text.encode())
            total += len(result[-1])
        return result


EXTRA = [AddedToken("[single]", single_word=True, normalized=False, special=False), AddedToken("[left]", lstrip=True, normalized=False, special=False),
         AddedToken("[right]", rstrip=True, normalized=False, special=True), AddedToken("[both]", lstrip=True, rstrip=True, normalized=True, special=False),
         AddedToken("<n>", normalized=True, special=False), AddedToken("<|user|>", normalized=False, special=True)]


def byte_level(texts, size, pattern=None, prefix=False, ignore_merges=False, extra=False, template=None, alphabet=True, unknown=None):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges, unk_token=unknown))
    if pattern is None:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    specials = ["<|endoftext|>"] + ([unknown] if unknown else []) + (["<|begin_of_text|>"] if template else [])
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=specials, initial_alphabet=pre_tokenizers.ByteLevel.alphabet() if alphabet else [], show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    if extra:
        tokenizer.add_tokens(EXTRA)
    if template:
        tokenizer.post_processor = processors.Sequence([
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A <|begin_of_text|>:1 $B:1",
                                          special_tokens=[("<|begin_of_text|>", tokenizer.token_to_id("<|begin_of_text|>"))])])
    return tokenizer


def marked(texts, size, style, extra=False, fallback=True, fuse=True):
    """SentencePiece's way: `prepend` (a normalizer), or a Metaspace pre-tokenizer: its prepend_scheme and whether it splits."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=fallback, fuse_unk=fuse))
    if style == "prepend":
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
        training = Tokenizer(models.BPE(unk_token="<unk>"))
        training.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
        training.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never", split=True)
    else:
        scheme, split = style
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=split)
        training = Tokenizer(models.BPE(unk_token="<unk>"))
        training.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    specials = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] * fallback
    training.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=size, special_tokens=specials, limit_alphabet=600, show_progress=False))
    import json

    trained = json.loads(training.to_str())
    whole = json.loads(tokenizer.to_str())
    trained["model"].update({key: whole["model"][key] for key in ("unk_token", "byte_fallback", "fuse_unk")})
    # Runs of marks, as SentencePiece has them.
    vocabulary = trained["model"]["vocab"]
    for length in (2, 4, 8):
        vocabulary.setdefault("\u2581" * length, len(vocabulary))
        trained["model"]["merges"].append(["\u2581" * (length // 2)] * 2)
    whole["model"] = trained["model"]
    whole["added_tokens"] = [token for token in trained["added_tokens"] if token["id"] < 3]
    tokenizer = Tokenizer.from_str(json.dumps(whole))
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)] if style == "prepend"
        else [decoders.Metaspace(prepend_scheme=style[0]), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    if extra:
        tokenizer.add_tokens(EXTRA)
    return tokenizer


def all_tokenizers(texts, size):
    """Name, tokenizer, and the token that ends a text."""
    return [
        ("gpt2", byte_level(texts, size), "<|endoftext|>"),
        ("gpt2 with a prefix space and added tokens", byte_level(texts, size, prefix=True, extra=True), "<|endoftext|>"),
        ("gpt2 without the whole alphabet", byte_level(texts[:3], 300, alphabet=False), "<|endoftext|>"),
        ("gpt2 with unknown bytes", byte_level(texts[:3], 300, alphabet=False, unknown="<unk>"), "<|endoftext|>"),
        ("llama3", byte_level(texts, size, pattern=LLAMA3, ignore_merges=True, template=True, extra=True), "<|endoftext|>"),
        ("qwen2", byte_level(texts, size, pattern=QWEN2), "<|endoftext|>"),
        ("llama2", marked(texts, size, "prepend"), "</s>"),
        ("llama2 with added tokens", marked(texts, size, "prepend", extra=True), "</s>"),
        ("llama2 without bytes", marked(texts, size, "prepend", fallback=False), "</s>"),
        ("llama2 without bytes, unknown ones apart", marked(texts, size, "prepend", fallback=False, fuse=False), "</s>"),
        ("metaspace first", marked(texts, size, ("first", False), extra=True), "</s>"),
        ("metaspace always, split", marked(texts, size, ("always", True)), "</s>"),
        ("metaspace never", marked(texts, size, ("never", False)), "</s>"),
    ]
