//! Choices that have a name: in flags, in the environment and in the configuration file alike.

/// A choice out of a few.
pub(crate) trait Named: Copy + 'static {
    /// Every choice, in the order people are told of them.
    const ALL: &'static [Self];

    /// What people call it.
    fn name(self) -> &'static str;

    /// The choice with this name.
    ///
    /// # Errors
    /// A sentence that lists the names there are.
    fn from_name(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|choice| choice.name() == text);
        found
            .copied()
            .ok_or_else(|| format!("it is none of: {}", Self::names().join(", ")))
    }

    /// Every name.
    fn names() -> Vec<&'static str> {
        Self::ALL.iter().map(|choice| choice.name()).collect()
    }
}
