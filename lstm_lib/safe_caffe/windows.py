"""The file of a WindowData layer: pictures, and windows in them."""
from portable_caffe.files import from_message, read_binary
from portable_caffe.proto.caffe_pb2 import BlobProto

from ..errors import NetError

COLOURS = 3  # of each picture, whatever the file says


class Windows:
    """What the source of a WindowData layer says.

    `pictures` are their paths; `found` are the windows that may be drawn, those that show
    something and those of the background, each (picture, x1, y1, x2, y2), the corners in it.
    """

    def __init__(self, layer):
        self.layer, self.options = layer, layer.window_data_param
        self.pictures, self.found = [], {"foreground": [], "background": []}
        with open(self.options.source, encoding="utf-8", errors="surrogateescape") as file:
            words = iter(file.read().split())
        try:
            while next(words, None):  # a "#", then its number
                self._read(int(next(words)), words)
        except (StopIteration, ValueError):
            raise self._wrong(f"the entry of picture {len(self.pictures)} is cut short or holds "
                              "a word instead of a number") from None

    def _read(self, picture, words):
        """A picture's entry: path, channels, height, width, number of windows, the windows."""
        self.pictures.append(next(words))
        channels, height, width, count = [int(next(words)) for _ in range(4)]
        if channels != COLOURS:
            raise self._wrong(f"{self.pictures[-1]!r} has {channels} channels there, and the "
                              f"layer reads {COLOURS} of each picture")
        for _ in range(count):
            overlap = [float(next(words)) for _ in range(2)][1]  # after the class
            window = (picture, *[int(next(words)) for _ in range(4)])
            if overlap >= self.options.fg_threshold:
                self.found["foreground"].append(window)
            elif overlap < self.options.bg_threshold:
                self.found["background"].append(window)

    def check(self, sizes):
        """Raise where a window cannot be cut out; `sizes` are (height, width) of the pictures."""
        for kind, windows in self.found.items():
            if not windows:  # which Caffe wants of each kind, also where it draws none
                raise self._wrong(f"it has no window of the {kind}; look at fg_threshold and "
                                  "bg_threshold")
        self._check_mean()
        for window in self.found["foreground"] + self.found["background"]:
            if not 0 <= window[0] < len(self.pictures):
                raise self._wrong(f"it numbers a picture {window[0]}; the first is # 0, the next "
                                  "# 1, and so on")
            if window[0] < len(sizes):
                self._check_inside(window, *sizes[window[0]])

    def _check_mean(self):
        """Caffe takes the middle of the mean picture, of the size of a window, and looks no more."""
        path, crop = self.layer.transform_param.mean_file, self.layer.transform_param.crop_size
        if not path:
            return
        mean = from_message(read_binary(path, BlobProto()))
        channels, height, width = ((1, 1, 1) + mean.shape)[-3:]
        if channels < COLOURS or width < crop or height < (width - crop) // 2 + crop:
            raise self._wrong(f"crop_size: {crop} does not lie in the middle of the mean picture "
                              f"{path!r}, of the shape {mean.shape}")

    def _check_inside(self, window, height, width):
        picture, x1, y1, x2, y2 = window
        crop, around = self.layer.transform_param.crop_size, self.options.context_pad
        if around and crop <= 2 * around:
            raise self._wrong(f"context_pad: {around} on both sides leaves nothing of "
                              f"crop_size: {crop}")
        cut = (x1 < width and y1 < height and x2 >= 0 and y2 >= 0) if (
            around or self.options.crop_mode == "square") else (
                0 <= x1 and x2 < width and 0 <= y1 and y2 < height)
        if not cut or x1 > x2 or y1 > y2:
            raise self._wrong(f"the window x {x1} to {x2}, y {y1} to {y2} is not inside "
                              f"{self.pictures[picture]!r}, which has x 0 to {width - 1}, "
                              f"y 0 to {height - 1}")

    def _wrong(self, what):
        return NetError(f"layer {self.layer.name!r} (WindowData), {self.options.source!r}: {what}.")
