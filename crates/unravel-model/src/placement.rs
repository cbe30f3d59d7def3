//! Where tensors live and how precise they are.

use burn::tensor::{DType, Tensor, TensorData, backend::Backend};

use crate::runtime;

/// A device, and the numbers that tensors on it are made of.
#[derive(Clone, Debug)]
pub struct Placement<B: Backend> {
    device: B::Device,
    dtype: DType,
}

impl<B: Backend> Placement<B> {
    /// 32-bit numbers: what training uses.
    pub fn single(device: &B::Device) -> Self {
        // Every network is placed before Burn computes anything.
        runtime::use_defaults();
        Self {
            device: device.clone(),
            dtype: DType::F32,
        }
    }

    /// 64-bit numbers: what proofs use. The CPU takes the reference kernels for them.
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

    /// Host numbers as a tensor.
    pub fn tensor<const D: usize>(&self, values: Vec<f32>, dims: [usize; D]) -> Tensor<B, D> {
        self.place(TensorData::new(values, dims))
    }

    /// Precise host numbers as a tensor, rounded where the placement is single.
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
