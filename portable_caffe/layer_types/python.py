"""Layers whose class a user has written."""
import importlib

from ..user_layer import Layer as UserLayer
from .base import ANY, Layer, check


class Python(Layer):
    """What the class `layer` in the module `module`, found on sys.path, computes.

    `user_layer.Layer` tells what it must have; `param_str` is handed on as it is.
    Source: python_layer.hpp
    """

    bottoms, tops, options = (0, ANY), (0, ANY), "python_param"
    shapes_itself, repeats, reads = True, False, ()

    def setup(self, *shapes):
        self.user = self._user_class()(self.spec)
        self.user.param_str, self.user.phase = self.p.param_str, self.phase
        self.user.setup(self.bottom_blobs, self.top_blobs)
        self.blobs = self.user.blobs
        self.fillers = (None,) * len(self.blobs)  # `setup` has filled them

    def _user_class(self):
        try:
            made = getattr(importlib.import_module(self.p.module), self.p.layer)
            fits = issubclass(made, UserLayer)
        except Exception as error:  # the module may raise anything
            made, fits = error, False
        check(fits, f"python_param names module {self.p.module!r} and layer {self.p.layer!r}, "
                    "which should be a class of portable_caffe.Layer, in a module on sys.path: "
                    f"{made}.")
        return made

    def for_user(self):
        return self.user

    def shapes(self, *shapes):
        self.user.reshape(self.bottom_blobs, self.top_blobs)
        return [None] * len(self.top_blobs)

    def forward(self, *xs):
        self.user.forward(self.bottom_blobs, self.top_blobs)
        return [None] * len(self.top_blobs)

    def backward(self, dys, xs, ys):
        self.user.backward(self.top_blobs, list(self.needs), self.bottom_blobs)
        return [None] * len(self.bottom_blobs)
