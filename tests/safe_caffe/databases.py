"""Writes what layers read from files: an LMDB, pictures and lists of them."""
import ctypes
import os

import numpy as np
from PIL import Image

from lstm_lib import caffe
from lstm_lib.safe_caffe.lmdb import _Value
