"""Images as arrays (H, W, K): read from a file, resized, cut into crops."""
import numpy as np

from .errors import NetError

BRIGHTNESS = np.array([0.2125, 0.7154, 0.0721])  # of red, green and blue
GRAYS = ("L", "I", "I;16", "F")  # Pillow's words for one channel of 8, 32 or 16 bits, or floats


def load_image(filename, color=True):
    """The image in a file, (H, W, 3) or, without colour, (H, W, 1), float32 from 0 to 1.

    Raises
    ------
    NetError : Pillow is not installed, or the file is not there or holds no image.
    """
    try:
        from PIL import Image  # here, so that all else works without it
    except ImportError:
        raise NetError("images are read by Pillow: pip install pillow.") from None
    try:
        with Image.open(filename) as file:
            image = _from_0_to_1(np.asarray(file if file.mode in GRAYS else file.convert("RGB")))
    except OSError as error:
        raise NetError(f"cannot read an image from {str(filename)!r}: {error}.") from None
    if image.ndim == 2:
        return np.repeat(image[:, :, np.newaxis], 3 if color else 1, axis=2)
    return image if color else (image @ BRIGHTNESS)[:, :, np.newaxis].astype(np.float32)


def _from_0_to_1(numbers):
    """float32; whole numbers divided by the largest of their kind."""
    if numbers.dtype.kind == "f":
        return numbers.astype(np.float32)
    most = 65535 if numbers.dtype.itemsize > 1 else 255
    return (numbers / most).astype(np.float32)


def resize_image(im, new_dims, interp_order=1):
    """An image (H, W, K) in another height and width, by linear interpolation (or, 0, nearest).

    As pycaffe has it: of 1 or 3 channels pixels are squares, around the image all is as dark as
    its darkest number, and before it shrinks it is smoothed; of others corners fall on corners.
    """
    if interp_order not in (0, 1):
        raise NetError(f"interp_order is 1 (linear) or 0 (nearest), got {interp_order!r}.")
    im, weights = np.asarray(im, np.float64), _of_squares
    if im.shape[-1] not in (1, 3):
        weights = _of_corners
    least = im.min()  # a constant image stays one
    rows, columns = (weights(*sizes, interp_order) for sizes in zip(im.shape, new_dims))
    resized = np.einsum("ih,jw,hwk->ijk", rows, columns, im - least, optimize=True)
    return (resized + least).astype(np.float32)


def _of_squares(old, new, order):
    """(new, old): how much each old pixel counts in each new one; both cover the same length."""
    places = (np.arange(new) + 0.5) * old / new - 0.5
    return _interpolated(places, old, order) @ _smoothing(old, max(0, (old / new - 1) / 2))


def _of_corners(old, new, order):
    return _interpolated(np.arange(new) * (old - 1) / max(new - 1, 1), old, order)


def _interpolated(places, old, order):
    """The weights of the two pixels beside each place; what lies outside counts 0."""
    if order == 0:
        places = np.floor(places + 0.5).clip(0, old - 1)
    return np.maximum(1 - np.abs(places[:, np.newaxis] - np.arange(old)), 0)


def _smoothing(size, sigma):
    """(size, size): a Gaussian, cut off at 4 sigma; what lies outside counts 0."""
    if not sigma:
        return np.eye(size)
    reach = int(4 * sigma + 0.5)
    total = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2).sum()
    distance = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    return np.where(distance <= reach, np.exp(-0.5 * (distance / sigma) ** 2), 0) / total


def oversample(images, crop_dims):
    """Ten crops (h, w) of each image (H, W, K): the corners, the middle, and these mirrored."""
    crops = []
    for image in images:
        (H, W), (h, w) = image.shape[:2], crop_dims
        corners = [(0, 0), (0, W - w), (H - h, 0), (H - h, W - w),
                   (int(H / 2 - h / 2), int(W / 2 - w / 2))]
        cut = [image[top:top + h, left:left + w] for top, left in corners]
        crops += cut + [crop[:, ::-1] for crop in cut]
    return np.array(crops, np.float32)
