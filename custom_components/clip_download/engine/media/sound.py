"""Sound that no MP4 can hold for all players, such as G.711, made into AAC."""

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

# After so many the encoder has given a first packet.
_FIRST_SAMPLES = 8192
# What an AAC frame holds.
SAMPLES = 1024
_FORMAT = "fltp"
# Sound so much off its time is moved there; less is only the clouds' rounding.
_SLIP = Fraction(1, 20)


class SoundEncoder:
    """Encodes one stream of a clip anew; what is missing in between becomes silence."""

    def __init__(self, output: OutputContainer, rate_hz: int, layout: str) -> None:
        """Add the stream to a clip."""
        self.stream: AudioStream = output.add_stream("aac", rate=rate_hz, layout=layout)
        self._rate_hz = rate_hz
        self._layout = layout
        self._resampler = AudioResampler(_FORMAT, layout, rate_hz)
        self._kind: tuple[str, str, int] | None = None
        self._fifo = AudioFifo()
        # Samples, since the clip's beginning.
        self._taken = 0
        self._encoded = 0

    def encode(
        self, packet: Packet[Stream], decoder: AudioCodecContext, at_s: Fraction
    ) -> Iterator[Packet[Stream]]:
        """Take a packet that is heard `at_s` seconds after the clip's beginning."""
        try:
            frames = decoder.decode(packet)
        except av.FFmpegError, ValueError:
            # It is heard as silence.
            return
        at = round(at_s * self._rate_hz)
        for frame in frames:
            frame.pts = None
            for samples in self._resampled(frame):
                yield from self._take(samples, at)
                at += samples.samples

    def be_silent(self, until_s: Fraction) -> Iterator[Packet[Stream]]:
        """Encode silence up to a time; at first as much as makes a packet."""
        until = round(until_s * self._rate_hz)
        if not self._taken:
            until = max(until, _FIRST_SAMPLES)
        yield from self._fill(until - self._taken)

    def flush(self) -> Iterator[Packet[Stream]]:
        """Encode what is left."""
        yield from self._encode(is_last=True)
        yield from self._out(None)

    def _resampled(self, frame: AudioFrame) -> list[AudioFrame]:
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._kind:
            # It goes on at another rate, or with more channels. The resampler that knows
            # only frames that need nothing would hand these on, too.
            self._resampler = AudioResampler(_FORMAT, self._layout, self._rate_hz)
            self._kind = kind
        return self._resampler.resample(frame)

    def _take(self, frame: AudioFrame, at: int) -> Iterator[Packet[Stream]]:
        missing = at - self._taken
        slip = int(_SLIP * self._rate_hz)
        if missing < -max(slip, frame.samples // 2):
            # Heard already.
            return
        yield from self._fill(missing)
        self._write(frame)
        yield from self._encode()

    def _fill(self, missing: int) -> Iterator[Packet[Stream]]:
        """Encode so many samples of silence, but for what is only a slip."""
        while missing > int(_SLIP * self._rate_hz):
            silent = min(missing, self._rate_hz)
            self._write(self._silence(silent))
            yield from self._encode()
            missing -= silent

    def _silence(self, samples: int) -> AudioFrame:
        frame = _silent(self._layout, samples)
        frame.sample_rate = self._rate_hz
        return frame

    def _write(self, frame: AudioFrame) -> None:
        frame.pts = None
        # A frame that needed nothing brought its file's.
        frame.time_base = Fraction(1, self._rate_hz)
        self._fifo.write(frame)
        self._taken += frame.samples

    def _encode(self, *, is_last: bool = False) -> Iterator[Packet[Stream]]:
        while frame := self._fifo.read(SAMPLES, partial=is_last):
            frame.pts = self._encoded
            frame.time_base = Fraction(1, self._rate_hz)
            self._encoded += frame.samples
            yield from self._out(frame)

    def _out(self, frame: AudioFrame | None) -> Iterator[Packet[Stream]]:
        for packet in self.stream.encode(frame):
            # The encoder's own beginning.
            if cast("int", packet.pts) >= 0:
                yield packet


@lru_cache(maxsize=8)
def silent_packet(rate_hz: int, layout: str) -> bytes:
    """Return a packet of AAC in which nothing is heard."""
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format = rate_hz, layout, _FORMAT
    packets: list[Packet[Stream]] = []
    # The first ones are the encoder's own beginning.
    for number in range(4):
        frame = _silent(layout, SAMPLES)
        frame.sample_rate, frame.pts = rate_hz, number * SAMPLES
        frame.time_base = Fraction(1, rate_hz)
        packets += encoder.encode(frame)
    return bytes(packets[-1])


def _silent(layout: str, samples: int) -> AudioFrame:
    frame = AudioFrame(_FORMAT, layout, samples)
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    return frame
