from .base import Layer
from .conv import Conv
