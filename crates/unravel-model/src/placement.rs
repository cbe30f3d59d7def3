//! The device and the precision of tensors.

use burn::tensor::{DType, Tensor, TensorData, backend::Backend};

use crate::runtime;

/// A device and the precision of tensors on it.
#[derive(Clone, Debug)]
pub struct Placement<B: Backend> {
    device: B::Device,
    dtype: DType,
}

impl<B: Backend> Placement<B> {
    /// Single precision, for training.
    pub fn single(device: &B::Device) -> Self {
        // Every network has a placement before Burn computes anything.
        runtime::use_defaults();
        Self {
            device: device.clone(),
            dtype: DType::F32,
        }
    }

    /// Double precision, for tests. The CPU uses the reference kernels for it.
    pub fn double(device: &B::Device) -> Self {
        Self {
            device: device.clone(),
            dtype: DType::F64,
        }
    }

    /// The device.
    pub fn device(&self) -> &B::Device {
        &self.device
    }

    /// A tensor of these values.
    pub fn tensor<const D: usize>(&self, values: Vec<f32>, dims: [usize; D]) -> Tensor<B, D> {
        self.place(TensorData::new(values, dims))
    }

    /// A tensor of these values, rounded if the placement is in single precision.
    pub fn precise<const D: usize>(&self, values: Vec<f64>, dims: [usize; D]) -> Tensor<B, D> {
        self.place(TensorData::new(values, dims))
    }

    /// A tensor of zeros.
    pub fn zeros<const D: usize>(&self, dims: [usize; D]) -> Tensor<B, D> {
        Tensor::zeros(dims, (&self.device, self.dtype))
    }

    fn place<const D: usize>(&self, data: TensorData) -> Tensor<B, D> {
        Tensor::from_data(data.convert_dtype(self.dtype), (&self.device, self.dtype))
    }
}
