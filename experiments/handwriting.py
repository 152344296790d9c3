"""The pretrained model for people's own digits, trained on MNIST's training set and generated outliers only.

    digitjax train handwriting
    digitjax calibrate handwriting --step latest
    digitjax pack handwriting digitjax/pretrained/handwriting --step latest

The latest step is used, since the last epochs improve on people's digits but not on MNIST's validation split.
The model card in digitjax/pretrained/handwriting has the results on MNIST and on people's own digits.
"""

from digitjax.config import Adam, Augment, Config, Data, Schedule, TinyCNNConfig, Training

config = Config(
    name="handwriting",
    data=Data(name="mnist", outliers=0.2),
    augment=Augment(
        glyph_variants=1.15,
        breaks=0.08,
        neighbors=0.08,
        reframe=True,
        shift=1,
        rotation=15.0,
        scale=0.1,
        aspect=0.25,
        shear=15.0,
        elastic=0.6,
        thickness=0.6,
        blur=0.5,
        sharpen=0.15,
        low_res=0.25,
        noise=0.05,
    ),
    model=TinyCNNConfig(channels=(32, 64, 96)),
    optimizer=Adam(lr=8e-3, b1=0.9, b2=0.99),
    schedule=Schedule(shape="linear", warmup=0.1),
    training=Training(epochs=30, batch_size=128, label_smoothing=0.05, ema=0.999),
)
