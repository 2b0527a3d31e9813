//! A convex solver with a proof: weighted log-loss plus a quadratic form, within bounds.
//!
//! Projected Newton: numbers that stand at a bound and are pushed outward rest, a Newton step is made
//! in the others, and the step is shortened until the objective falls enough. The objective is
//! strictly convex, so there is one optimum; what says that it was reached is the residual of the
//! optimality conditions, which is returned and not only compared.

use crate::host::confidence::design::Design;

/// Newton steps after which something is wrong with the problem, not with the patience.
const STEPS_MAX: usize = 200;
/// Halvings of one step.
const HALVINGS_MAX: usize = 60;

/// The optimum, and how near it is to being one.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// The numbers.
    pub point: Vec<f64>,
    /// Loss and prior together.
    pub objective: f64,
    /// The greatest violation of the optimality conditions: the gradient where a number is free to
    /// move, and its part that points inward at a bound.
    pub residual: f64,
    /// What the residual had to reach.
    pub tolerance: f64,
    /// Newton steps.
    pub steps: usize,
}

/// Why there is no optimum.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "no optimum after {steps} steps: the residual is {residual:e}, and must be at most {tolerance:e}"
)]
pub struct NotSolved {
    /// Newton steps.
    pub steps: usize,
    /// The residual that is left.
    pub residual: f64,
    /// What it had to reach.
    pub tolerance: f64,
}

/// Finds the optimum.
///
/// # Errors
/// If the residual does not reach its tolerance.
pub fn solve(design: &Design<'_>, labels: &[f64], weights: &[f64]) -> Result<Solution, NotSolved> {
    let problem = Problem { design, labels, weights };
    let mass: f64 = weights.iter().sum();
    let tolerance = 1e-10 * (1.0 + mass.sqrt());
    let mut point = design.start.clone();
    problem.project(&mut point);
    let mut state = problem.state(&point);
    for steps in 0..=STEPS_MAX {
        let residual = problem.residual(&point, &state.gradient);
        if residual <= tolerance {
            let objective = state.objective;
            return Ok(Solution { point, objective, residual, tolerance, steps });
        }
        let Some((next, next_state)) = problem.step(&point, &state, residual) else {
            return Err(NotSolved { steps, residual, tolerance });
        };
        (point, state) = (next, next_state);
    }
    let residual = problem.residual(&point, &state.gradient);
    Err(NotSolved { steps: STEPS_MAX, residual, tolerance })
}

struct Problem<'a> {
    design: &'a Design<'a>,
    labels: &'a [f64],
    weights: &'a [f64],
}

struct State {
    objective: f64,
    gradient: Vec<f64>,
    /// Lower triangle.
    curvature: Vec<Vec<f64>>,
}

impl Problem<'_> {
    fn project(&self, point: &mut [f64]) {
        let bounds = self.design.lower.iter().zip(&self.design.upper);
        for (value, (lower, upper)) in point.iter_mut().zip(bounds) {
            *value = value.clamp(*lower, *upper);
        }
    }

    /// Calls with the multipliers, label and weight of each row.
    fn each_row(&self, mut take: impl FnMut(&[f64], f64, f64)) {
        self.design.each_row(|place, row| {
            if let Some((label, weight)) = self.labels.get(place).zip(self.weights.get(place)) {
                take(row, *label, *weight);
            }
        });
    }

    fn objective(&self, point: &[f64]) -> f64 {
        let mut total = 0.0;
        self.each_row(|row, label, weight| total += weight * loss(dot(row, point), label));
        total + self.prior(point)
    }

    /// Half the quadratic form less the linear one.
    fn prior(&self, point: &[f64]) -> f64 {
        let lines = self.design.quadratic.iter().zip(point);
        let quadratic: f64 = lines
            .map(|(line, value)| {
                let diagonal = line.last().copied().unwrap_or(0.0) * value;
                value * (2.0 * dot(line, point) - diagonal)
            })
            .sum();
        0.5 * quadratic - dot(&self.design.linear, point)
    }

    fn state(&self, point: &[f64]) -> State {
        let mut gradient: Vec<f64> = self.design.linear.iter().map(|value| -value).collect();
        let mut curvature = self.design.quadratic.clone();
        for (index, (line, value)) in self.design.quadratic.iter().zip(point).enumerate() {
            // The lower triangle stands for both.
            for (entry, slope) in line.iter().zip(gradient.iter_mut()).take(index) {
                *slope += entry * value;
            }
            if let Some(slope) = gradient.get_mut(index) {
                *slope += dot(line, point);
            }
        }
        let mut total = 0.0;
        self.each_row(|row, label, weight| {
            let logit = dot(row, point);
            let probability = 1.0 / (1.0 + libm::exp(-logit));
            total += weight * loss(logit, label);
            let slope = weight * (probability - label);
            let bend = weight * probability * (1.0 - probability);
            for ((multiplier, sum), line) in row.iter().zip(&mut gradient).zip(&mut curvature) {
                if *multiplier == 0.0 {
                    continue;
                }
                *sum += slope * multiplier;
                let scaled = bend * multiplier;
                for (entry, other) in line.iter_mut().zip(row) {
                    *entry += scaled * other;
                }
            }
        });
        State { objective: total + self.prior(point), gradient, curvature }
    }

    /// Whether a number may move against its slope.
    fn free<'a>(
        &'a self,
        point: &'a [f64],
        gradient: &'a [f64],
    ) -> impl Iterator<Item = bool> + 'a {
        let bounds = self.design.lower.iter().zip(&self.design.upper);
        point.iter().zip(gradient).zip(bounds).map(|((value, slope), (lower, upper))| {
            !(value <= lower && *slope >= 0.0 || value >= upper && *slope <= 0.0)
        })
    }

    fn residual(&self, point: &[f64], gradient: &[f64]) -> f64 {
        let free = self.free(point, gradient).zip(gradient);
        free.filter(|(free, _)| *free).fold(0.0, |most, (_, slope)| slope.abs().max(most))
    }

    fn step(&self, point: &[f64], state: &State, residual: f64) -> Option<(Vec<f64>, State)> {
        let free: Vec<bool> = self.free(point, &state.gradient).collect();
        let direction = newton(&free, &state.curvature, &state.gradient)?;
        let slope = dot(&direction, &state.gradient);
        let mut length = 1.0;
        for _ in 0..HALVINGS_MAX {
            let mut next: Vec<f64> =
                point.iter().zip(&direction).map(|(from, step)| from + length * step).collect();
            self.project(&mut next);
            let objective = self.objective(&next);
            if objective <= state.objective + 1e-4 * length * slope {
                let next_state = self.state(&next);
                return Some((next, next_state));
            }
            // So near the optimum that the objective no longer shows a difference, the residual does.
            let unseen = (objective - state.objective).abs() <= 1e-12 * state.objective.abs();
            if unseen {
                let next_state = self.state(&next);
                if self.residual(&next, &next_state.gradient) < residual {
                    return Some((next, next_state));
                }
            }
            length *= 0.5;
        }
        None
    }
}

/// The Newton step in the numbers that are free; the others rest.
fn newton(free: &[bool], curvature: &[Vec<f64>], gradient: &[f64]) -> Option<Vec<f64>> {
    let kept = |values: &[f64]| -> Vec<f64> {
        values.iter().zip(free).filter(|(_, free)| **free).map(|(value, _)| *value).collect()
    };
    let lines = curvature.iter().zip(free).filter(|(_, free)| **free);
    let lower = cholesky(lines.map(|(line, _)| kept(line)))?;
    let solved = solve_factored(&lower, &kept(gradient));
    let mut steps = solved.into_iter();
    Some(free.iter().map(|free| if *free { -steps.next().unwrap_or(0.0) } else { 0.0 }).collect())
}

/// The factor of a positive definite matrix, from the lines of its lower triangle.
fn cholesky(lines: impl Iterator<Item = Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    let mut factor: Vec<Vec<f64>> = Vec::new();
    for line in lines {
        let mut made: Vec<f64> = Vec::with_capacity(line.len());
        let (diagonal, before) = line.split_last()?;
        for (entry, above) in before.iter().zip(&factor) {
            let pivot = above.last()?;
            made.push((entry - dot(&made, above)) / pivot);
        }
        let square = diagonal - dot(&made, &made);
        if square <= 0.0 || !square.is_finite() {
            return None;
        }
        made.push(square.sqrt());
        factor.push(made);
    }
    Some(factor)
}

fn solve_factored(factor: &[Vec<f64>], right: &[f64]) -> Vec<f64> {
    let mut forward: Vec<f64> = Vec::with_capacity(right.len());
    for (line, value) in factor.iter().zip(right) {
        let pivot = line.last().copied().unwrap_or(1.0);
        forward.push((value - dot(line, &forward)) / pivot);
    }
    let mut solved: Vec<f64> = Vec::with_capacity(right.len());
    for line in factor.iter().rev() {
        let pivot = line.last().copied().unwrap_or(1.0);
        let value = forward.pop().unwrap_or(0.0) / pivot;
        for (sum, entry) in forward.iter_mut().zip(line) {
            *sum -= entry * value;
        }
        solved.push(value);
    }
    solved.reverse();
    solved
}

/// The log-loss at these log-odds, without overflow.
fn loss(logit: f64, label: f64) -> f64 {
    logit.max(0.0) + libm::log1p(libm::exp(-logit.abs())) - label * logit
}

/// The sum of products, as far as both reach.
fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}
